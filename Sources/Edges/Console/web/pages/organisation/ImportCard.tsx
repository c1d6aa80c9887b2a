import { useRef, useState } from "react";
import { upload } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { APIProblem, asProblem } from "../../kit/problem";
import { Status, StatusMark } from "../../kit/Status";
import { dateTime } from "../../kit/units";
import { ensureFresh } from "../../session/fresh";
import { OrganisationDetail } from "./organisation";

interface Imported {
  source: { slug: string; displayName: string; exportedAt: string }; rows: number; differences: number; tables: { name: string; rows: number; leftOut?: number }[];
  people: { members: number; invited: number }; enterAgain: { what: string; id: string; name?: string }[];
}

/** A gigabyte: what the server takes. */
const mostBytes = 1_073_741_824;

/** An archive of another organisation, read into this one while it is still empty. */
export function ImportCard({ organisation }: { organisation: OrganisationDetail }): JSX.Element {
  const file = useRef<HTMLInputElement>(null);
  const [state, setState] = useState<{ kind: "idle" } | { kind: "running"; name: string } | { kind: "refused"; problem: APIProblem } | { kind: "done"; answer: Imported }>({ kind: "idle" });
  const isRunning = state.kind === "running";

  async function read(chosen: File): Promise<void> {
    if (chosen.size > mostBytes) return setState({ kind: "refused", problem: new APIProblem("http", 413, { detail: "An archive has at most 1 GiB." }) });
    try {
      // asked beforehand: a gigabyte is not sent twice
      if (!await ensureFresh()) return;
      setState({ kind: "running", name: chosen.name });
      const answer = await upload<Imported>(`/api/orgs/${organisation.id}/import`, chosen, "application/gzip");
      setState({ kind: "done", answer });
    } catch (error) {
      setState({ kind: "refused", problem: asProblem(error) });
    }
  }

  /** Only now: an organisation with members in it has no place for this card, nor for its report. */
  function close(): void {
    setState({ kind: "idle" });
    invalidate("/api/");
  }

  return (
    <section className="card" aria-labelledby="import-head">
      <div className="card-head"><h2 id="import-head">Read an archive in</h2></div>
      <div className="card-body stack stack-3">
        <div className="row end-row">
          <p className="muted grow">As long as this organisation is empty, everything of another one can be brought here. Secrets are not in an archive; what has to be entered again is listed afterwards.</p>
          <input
            ref={file} type="file" className="visually-hidden" accept=".gz,.tgz,application/gzip" aria-label="Archive" tabIndex={-1} disabled={isRunning}
            onChange={(event) => { const chosen = event.currentTarget.files?.[0]; event.currentTarget.value = ""; if (chosen) void read(chosen); }}
          />
          <Button label={isRunning ? "Reading…" : "Choose an archive"} busy={isRunning} onClick={() => file.current?.click()} />
        </div>
        <div role="status">{state.kind === "running" && <Status mark="pending">Reading {state.name}. Stay on this page; nothing is kept if it breaks off.</Status>}</div>
        <div role="alert">
          {state.kind === "refused" && (
            <div className="banner" data-tone="critical">
              <StatusMark mark="critical" />
              <div><strong>Not read in.</strong> {state.problem.sentence} {place(state.problem)}<p className="muted">Nothing of it is here.</p></div>
            </div>
          )}
        </div>
      </div>
      {state.kind === "done" && <Report answer={state.answer} onClose={close} />}
    </section>
  );
}

/** Where in the archive, when the server could tell. */
function place(problem: APIProblem): string {
  const file = problem.extra("file"), line = problem.extra("line");
  return file ? `(${file}${line ? `, line ${line}` : ""})` : "";
}

function Report({ answer, onClose }: { answer: Imported; onClose: () => void }): JSX.Element {
  const { source, people, differences, enterAgain } = answer;
  const tables = answer.tables.filter((table) => table.rows > 0 || (table.leftOut ?? 0) > 0);
  return (
    <Dialog title={`${source.displayName} is here`} isSticky onClose={onClose} foot={<Button tone="primary" label="Close" onClick={onClose} />}>
      <dl className="kv">
        <dt>As it was</dt><dd>{dateTime(new Date(source.exportedAt))}</dd>
        <dt>Compared</dt><dd><StatusMark mark={differences === 0 ? "ok" : "warning"} /> {answer.rows.toLocaleString("en")} rows, {differences === 0 ? "no difference" : `${differences.toLocaleString("en")} differ`}</dd>
        <dt>People</dt><dd>{people.members} {people.members === 1 ? "member" : "members"}{people.invited > 0 && `, ${people.invited} invited`}</dd>
      </dl>
      <div className="chart-table import-tables" tabIndex={0} role="region" aria-label="Rows of each table">
        <table><thead><tr><th scope="col">What</th><th scope="col" className="right">Rows</th></tr></thead>
          <tbody>{tables.map((table) => <tr key={table.name}><th scope="row">{table.name.replace(/_/g, " ")}</th><td className="right">{table.rows.toLocaleString("en")}{table.leftOut ? `, ${table.leftOut.toLocaleString("en")} left out` : ""}</td></tr>)}</tbody>
        </table>
      </div>
      {enterAgain.length > 0 && (
        <div className="stack stack-2">
          <h3 className="explain-head">To be entered again, because it is secret</h3>
          <ul className="bullets import-again">{enterAgain.slice(0, 100).map((one) => <li key={`${one.what}${one.id}`}>{one.what.replace(/[_-]/g, " ")}{one.name && <>: <strong className="name">{one.name}</strong></>}</li>)}</ul>
          {enterAgain.length > 100 && <p className="hint">And {enterAgain.length - 100} more.</p>}
        </div>
      )}
    </Dialog>
  );
}
