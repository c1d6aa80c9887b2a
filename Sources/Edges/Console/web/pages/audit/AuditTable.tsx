import { Fragment, KeyboardEvent } from "react";
import { useNow } from "../../kit/clock";
import { Icon } from "../../kit/Icon";
import { preferences } from "../../kit/preferences";
import { clock, dateTime } from "../../kit/units";
import { initials } from "../../session/session";
import { actionWords, actorName, AuditEntry, Checkpoint, isOutsider, objectName, shortHash, throughWords } from "./entry";

interface TableProps { entries: readonly AuditEntry[]; checkpoints: readonly Checkpoint[]; open: string | undefined; onOpen: (id: string) => void }

/** Newest first, with the seals between them where they were set. Arrows walk, Enter opens. */
export function AuditTable({ entries, checkpoints, open, onOpen }: TableProps): JSX.Element {
  const seals = new Map(checkpoints.map((checkpoint) => [checkpoint.seq, checkpoint]));
  function press(event: KeyboardEvent<HTMLTableRowElement>, id: string): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const letters = preferences.get().singleKeys;
    const step = event.key === "ArrowDown" || letters && event.key === "j" ? 1 : event.key === "ArrowUp" || letters && event.key === "k" ? -1 : 0;
    if (event.key === "Enter") { event.preventDefault(); onOpen(id); }
    if (step === 0) return;
    event.preventDefault();
    const rows = [...event.currentTarget.parentElement?.querySelectorAll<HTMLElement>("tr[data-row]") ?? []];
    const next = rows[rows.indexOf(event.currentTarget) + step];
    next?.focus();
    if (open !== undefined && next?.dataset.row) onOpen(next.dataset.row);
  }
  return (
    <table className="table table-cards" aria-label="Audit log">
      <colgroup><col className="w-chain" /><col className="w-time" /><col className="w-who" /><col /><col className="col-lower w-address" /><col className="col-lower w-hash" /></colgroup>
      <thead>
        <tr>
          <th scope="col"><span className="visually-hidden">Chain</span></th><th scope="col">Time</th><th scope="col">Who, acting through</th><th scope="col">Did what</th>
          <th scope="col" className="col-lower">From</th><th scope="col" className="col-lower">Entry hash</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => {
          const seal = seals.get(entry.seq);
          return (
            <Fragment key={entry.id}>
              {seal && <SealRow seal={seal} />}
              <EntryRow entry={entry} selected={entry.id === open} onOpen={onOpen} onPress={press} />
            </Fragment>
          );
        })}
      </tbody>
    </table>
  );
}

function EntryRow({ entry, selected, onOpen, onPress }: {
  entry: AuditEntry; selected: boolean; onOpen: (id: string) => void; onPress: (event: KeyboardEvent<HTMLTableRowElement>, id: string) => void;
}): JSX.Element {
  const now = new Date(useNow()), at = new Date(entry.at);
  const time = at.toDateString() === now.toDateString() ? clock(at, true) : dateTime(at, now);
  const name = actorName(entry);
  return (
    <tr tabIndex={0} data-row={entry.id} aria-selected={selected || undefined} onClick={() => onOpen(entry.id)} onKeyDown={(event) => onPress(event, entry.id)}>
      <td className="chain c-drop"><i /></td>
      <td className="c-drop"><time className="num" dateTime={entry.at} title={at.toLocaleString()}>{time}</time></td>
      <td className="c-name c-full">
        <div className="cell-name cell-tight">
          <span className="avatar avatar-sm" aria-hidden="true">{initials(name)}</span>
          <div><span className="name">{name}{isOutsider(entry) && <> <span className="badge" data-tone="info">Outsider</span></>}</span><span className="sub">{throughWords(entry)}<span className="only-narrow"> · {time}</span></span></div>
        </div>
      </td>
      <td className="c-full"><span className="muted">{actionWords(entry.action)}</span> <span className="name">{objectName(entry)}</span></td>
      <td className="c-drop col-lower"><span className="num faint">{entry.address || "—"}</span></td>
      <td className="c-drop col-lower"><span className="hash">{shortHash(entry.hash)}</span></td>
    </tr>
  );
}

function SealRow({ seal }: { seal: Checkpoint }): JSX.Element {
  return (
    <tr className="seal-row">
      <td className="chain c-drop"><i /></td>
      <td colSpan={3} className="c-full"><span className="row"><Icon name="shield" small /><span className="num">{seal.isSeal ? "Sealed" : "Checkpoint"} {seal.seq.toLocaleString("en")}, signed {dateTime(new Date(seal.at))}, Ed25519 key {seal.keyId}</span></span></td>
      <td className="c-drop col-lower" /><td className="c-drop col-lower" />
    </tr>
  );
}
