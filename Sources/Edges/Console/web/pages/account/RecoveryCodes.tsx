import { useRef } from "react";
import { Button } from "../../kit/Button";
import { CopyButton } from "../../kit/CopyButton";
import { Dialog } from "../../kit/Dialog";
import { StatusMark } from "../../kit/Status";

/** Shown once. Only its button closes this. */
export function RecoveryCodes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const text = codes.join("\n");
  function download(): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`Pulse recovery codes, each works once\n\n${text}\n`], { type: "text/plain" }));
    link.download = "pulse-recovery-codes.txt";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
  return (
    <Dialog title="Keep these recovery codes" onClose={onClose} isSticky foot={<Button tone="primary" label="I have kept them" onClick={onClose} />}>
      <p className="muted">Each lets you in once when your phone is not there. Keep them where you keep your keys, not on the phone.</p>
      <ul className="codes" ref={list} aria-label="Recovery codes">{codes.map((code) => <li key={code} className="mono">{code}</li>)}</ul>
      <div className="row-wrap"><CopyButton text={text} source={list} /><Button small icon="download" label="Download" onClick={download} /></div>
      <p className="row secret-note"><StatusMark mark="info" /><span>They are shown now and never again.</span></p>
    </Dialog>
  );
}
