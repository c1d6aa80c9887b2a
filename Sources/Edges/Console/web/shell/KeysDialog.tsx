import { Button } from "../kit/Button";
import { Dialog } from "../kit/Dialog";
import { modKey } from "../kit/keys";

type Key = [names: string[], action: string];

const keysOf = (mayConnect: boolean): Key[] => [
  [[`${modKey}K`], "Find any machine, do any action"],
  [["/"], "Search the list"],
  [["G", "O"], "Go to the dashboard"],
  [["G", "I"], "Go to infrastructure"],
  [["G", "W"], "Go to workloads"],
  [["G", "S"], "Go to storage"],
  [["G", "D"], "Go to disks"],
  [["G", "H"], "Go to the timeline"],
  [["G", "C"], "Go to connections"],
  [["G", "M"], "Go to members"],
  [["G", "L"], "Go to the audit log"],
  [["G", "T"], "Go to the organisation's settings"],
  [["G", "P"], "Go to your profile"],
  ...mayConnect ? [[["C"], "Add a connection"]] as Key[] : [],
  [["J", "K"], "Next and previous row, as ↓ and ↑"],
  [["Enter"], "Open the row"],
  [["Esc"], "Close what is open"],
  [["[", "]"], "Shorter and longer chart range"],
  [["?"], "This list"],
];

export function KeysDialog({ mayConnect, onClose }: { mayConnect: boolean; onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Keys" onClose={onClose} foot={<Button tone="primary" label="Close" onClick={onClose} />}>
      <dl className="kv keys">
        {keysOf(mayConnect).map(([names, action]) => (
          <div key={action}>
            <dt className="row">{names.map((name) => <kbd className="kbd" key={name}>{name}</kbd>)}</dt><dd>{action}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">Single letters do nothing while you type. They can be switched off in your profile.</p>
    </Dialog>
  );
}
