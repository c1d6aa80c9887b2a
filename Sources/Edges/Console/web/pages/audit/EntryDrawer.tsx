import { useState } from "react";
import { get } from "../../kit/api";
import { Button } from "../../kit/Button";
import { Drawer } from "../../kit/Drawer";
import { asProblem } from "../../kit/problem";
import { Empty } from "../../kit/states";
import { StatusMark } from "../../kit/Status";
import { asSentence } from "../../kit/units";
import { deviceOf } from "../account/device";
import { actionWords, actorName, AuditEntry, ChangeLine, changeLines, objectName, throughWords } from "./entry";

interface DrawerProps { id: string; entry: AuditEntry | undefined; onClose: () => void; onWalk: (step: 1 | -1) => void }

/** One entry in full: who, through what, from where, what was and what is, and its place in the chain. */
export function EntryDrawer({ id, entry, onClose, onWalk }: DrawerProps): JSX.Element {
  const title = entry ? `${actionWords(entry.action)} ${objectName(entry)}`.trim() : "Entry";
  return (
    <Drawer
      label="Audit entry" subject={id} onClose={onClose} onWalk={onWalk}
      head={
        <>
          <div className="drawer-title">
            <div className="grow"><h2 tabIndex={-1}>{title.charAt(0).toUpperCase() + title.slice(1)}</h2><span className="sub">{entry && <>By {actorName(entry)}, {new Date(entry.at).toLocaleString()}</>}</span></div>
            <Button tone="quiet" icon="x" iconOnly label="Close" onClick={onClose} />
          </div>
          <div className="drawer-lead" />
        </>
      }
    >
      {entry && <Detail key={entry.id} entry={entry} />}
      {!entry && <Empty icon="search" title="Not in this list">The entry is outside the filters or further back. Clear the filters, or show more.</Empty>}
    </Drawer>
  );
}

function Detail({ entry }: { entry: AuditEntry }): JSX.Element {
  const lines = changeLines(entry);
  return (
    <div className="stack stack-6">
      {lines.length > 0 && <Changes lines={lines} />}
      <section aria-label="Facts">
        <dl className="kv">
          <dt>Who</dt><dd>{actorName(entry)} <span className="mono faint">{entry.actor}</span></dd>
          <dt>Through</dt><dd>{throughWords(entry)} {entry.through && <span className="mono faint">{entry.through}</span>}</dd>
          <dt>Action</dt><dd className="mono">{entry.action}</dd>
          <dt>Object</dt><dd className="mono">{entry.object}</dd>
          <dt>Time</dt><dd>{new Date(entry.at).toLocaleString()} <span className="mono faint">{entry.at}</span></dd>
          <dt>From</dt><dd>{entry.address ? <span className="num">{entry.address}</span> : "—"}{entry.userAgent && `, ${deviceOf(entry.userAgent)}`}</dd>
          {entry.requestId && <><dt>Request</dt><dd className="mono">{entry.requestId}</dd></>}
        </dl>
      </section>
      <Proof entry={entry} />
    </div>
  );
}

function Changes({ lines }: { lines: readonly ChangeLine[] }): JSX.Element {
  return (
    <section aria-label="What changed" className="scroll-x">
      <table className="changes">
        <thead><tr><th scope="col">What</th><th scope="col">Before</th><th scope="col">After</th></tr></thead>
        <tbody>
          {lines.map((line) => (
            <tr key={line.name}><th scope="row">{line.name}</th><td><Value text={line.before} /></td><td><Value text={line.after} /></td></tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Value({ text }: { text: string | undefined }): JSX.Element {
  if (text === undefined) return <span className="faint">—</span>;
  return text === "***" ? <span className="faint">A secret, never kept here</span> : <span className="mono">{text}</span>;
}

interface Verified { verified: boolean; message: string; checkpoint?: { seq: number; keyId: string } }

function Proof({ entry }: { entry: AuditEntry }): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<{ good: boolean; text: string }>();
  async function verify(): Promise<void> {
    setBusy(true);
    try {
      const told = await get<Verified>(`/api/audit/${entry.id}/verify`);
      setAnswer({ good: told.verified, text: asSentence(told.message) + (told.checkpoint ? ` Signed at number ${told.checkpoint.seq} with key ${told.checkpoint.keyId}.` : "") });
    } catch (error) {
      setAnswer({ good: false, text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  return (
    <section aria-labelledby="proof-head" className="stack stack-3">
      <div className="row"><h3 id="proof-head" className="grow">Entry {entry.seq.toLocaleString("en")} of the chain</h3><Button small label="Verify this entry" busy={busy} onClick={() => void verify()} /></div>
      <p className="hash wrap-anywhere">{entry.hash}</p>
      <p role="status" className="row proof-answer">{answer && <><StatusMark mark={answer.good ? "ok" : "critical"} /><span>{answer.text}</span></>}</p>
    </section>
  );
}
