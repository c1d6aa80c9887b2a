// What operators did, over all customers. The customers' own logs hold their share of it as well.
import { useState } from "react";
import { get } from "../kit/api";
import { Button } from "../kit/Button";
import { useQuery } from "../kit/cache";
import { initials } from "../kit/initials";
import { useList } from "../kit/list";
import { Page } from "../kit/Page";
import { asProblem } from "../kit/problem";
import { Link, navigate, queryWith, usePlace, useTitle } from "../kit/router";
import { Empty } from "../kit/states";
import { Status } from "../kit/Status";
import { toast } from "../kit/Toast";
import { clock, dateTime } from "../kit/units";
import { MoreFoot, Wait } from "../kit/Wait";
import { actionWords } from "../pages/audit/entry";
import { ask, filterOf, periods, spanOf } from "../pages/audit/filter";
import { AdminsOnly } from "./AdminsOnly";
import { isAdmin, useOperator } from "./session";
import { LogEntry, logPath, OperatorRow, operatorsPath } from "./wire";

interface Verified { intact: boolean; entries: number; brokenSeq?: number; checkpoint?: { seq: number } }

export function Log(): JSX.Element {
  useTitle("Operators' log");
  const me = useOperator();
  return (
    <Page title="Operators' log" sub={<p className="page-sub">Every search, look and change of every operator, chained like the customers' logs.</p>} actions={isAdmin(me) && <Verify />}>
      <AdminsOnly what="This log is"><Entries /></AdminsOnly>
    </Page>
  );
}

function Verify(): JSX.Element {
  const [answer, setAnswer] = useState<Verified>();
  const [busy, setBusy] = useState(false);
  async function verify(): Promise<void> {
    setBusy(true);
    try {
      setAnswer(await get<Verified>(`${logPath}/verify`, { timeout: 120_000 }));
    } catch (error) {
      toast({ mark: "critical", title: "Not verified", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  return (
    <>
      <span className="verdict" role="status">
        {answer && (answer.intact ? <Status mark="ok">{answer.entries.toLocaleString("en")} entries, unbroken{answer.checkpoint && `, signed up to ${answer.checkpoint.seq.toLocaleString("en")}`}</Status> : <Status mark="critical">Broken at {answer.brokenSeq?.toLocaleString("en") ?? "an unknown entry"}</Status>)}
      </span>
      <Button icon="shield" label="Verify now" busy={busy} onClick={() => void verify()} />
    </>
  );
}

function Entries(): JSX.Element {
  const { query } = usePlace();
  const filter = filterOf(query), org = query.get("org") ?? "", operator = query.get("operator") ?? "";
  const operators = useQuery<{ data: OperatorRow[] }>(operatorsPath);
  const list = useList<LogEntry>(`${logPath}${ask({ ...spanOf(filter), operator, org, action: filter.action })}`);
  const change = (changes: Record<string, string | undefined>): void => navigate(`/audit${queryWith(query, changes)}`, { replace: true, keepScroll: true });
  const isFiltered = filter.period !== "all" || org !== "" || operator !== "" || filter.action !== "";
  return (
    <>
      <div className="toolbar">
        <div className="chips" role="group" aria-label="Period">
          {periods.map((one) => <button key={one.period} type="button" className="chip" aria-pressed={filter.period === one.period} onClick={() => change({ period: one.period === "all" ? undefined : one.period })}>{one.label}</button>)}
        </div>
        <select className="select input-sm filter-select" aria-label="Operator" value={operator} onChange={(event) => change({ operator: event.currentTarget.value })}>
          <option value="">Any operator</option>
          {(operators.data?.data ?? []).map((one) => <option key={one.id} value={one.id}>{one.displayName}</option>)}
        </select>
        <select className="select input-sm filter-select" aria-label="Did what" value={filter.action} onChange={(event) => change({ action: event.currentTarget.value })}>
          <option value="">Any action</option>
          {Object.entries(phrases).map(([value, label]) => <option key={value} value={value}>{capital(label)}</option>)}
        </select>
        <OrgFilter value={org} onChange={(value) => change({ org: value })} />
      </div>
      <Wait query={list} what="The log" rows={8}>
        {(data) => (
          <div className="table-wrap">
            {data.length === 0
              ? isFiltered
                ? <Empty icon="search" title="Nothing like that was recorded" actions={<Button label="Clear filters" onClick={() => navigate("/audit", { replace: true })} />}>No entry fits all of these filters.</Empty>
                : <Empty icon="shield" title="Nothing has happened yet">The first sign-in leaves the first entry.</Empty>
              : <LogTable entries={data} />}
            {data.length > 0 && <MoreFoot shown={`${data.length} shown`} list={list} />}
          </div>
        )}
      </Wait>
    </>
  );
}

function OrgFilter({ value, onChange }: { value: string; onChange: (org: string) => void }): JSX.Element {
  const [text, setText] = useState(value);
  const tell = (): void => { if (text.trim() !== value) onChange(text.trim()); };
  return (
    <input
      className="input input-sm input-mono filter-object" aria-label="About which organisation" placeholder="organisation's id" value={text} spellCheck={false} autoComplete="off" maxLength={36}
      onChange={(event) => setText(event.currentTarget.value)} onBlur={tell} onKeyDown={(event) => { if (event.key === "Enter") tell(); }}
    />
  );
}

function LogTable({ entries }: { entries: readonly LogEntry[] }): JSX.Element {
  const today = new Date().toDateString();
  return (
    <table className="table table-cards" aria-label="Operators' log">
      <colgroup><col className="w-time" /><col className="w-who" /><col /><col className="w-org" /><col className="col-lower w-address" /></colgroup>
      <thead><tr><th scope="col">Time</th><th scope="col">Who</th><th scope="col">Did what</th><th scope="col">Organisation</th><th scope="col" className="col-lower">From</th></tr></thead>
      <tbody>
        {entries.map((entry) => {
          const at = new Date(entry.at), time = at.toDateString() === today ? clock(at, true) : dateTime(at), name = entry.operatorName ?? "Pulse";
          return (
            <tr key={entry.id}>
              <td className="c-drop"><time className="num" dateTime={entry.at} title={at.toLocaleString()}>{time}</time></td>
              <td className="c-name c-full"><div className="cell-name cell-tight"><span className="avatar avatar-sm" aria-hidden="true">{initials(name)}</span><div><span className="name">{name}</span><span className="only-narrow"><span className="sub">{time}</span></span></div></div></td>
              <td className="c-full"><span>{logWords(entry.action)}</span>{entry.note && <span className="sub check-sub truncate" title={entry.note}>{entry.note}</span>}</td>
              <td data-label="Organisation">{entry.orgId ? <Link className="mono" to={`/orgs/${entry.orgId}`} aria-label={`Organisation ${entry.orgId}`}>…{entry.orgId.slice(-8)}</Link> : <span className="faint">—</span>}</td>
              <td className="c-drop col-lower"><span className="num faint">{entry.address || "—"}</span></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Every action there is, as a person would say it; the filter offers these and no other. */
const phrases: Record<string, string> = {
  "operator_session.create": "signed in", "operator_session.end": "signed out",
  "organisation.search": "searched the organisations", "organisation.read": "looked at the organisation", "organisation.suspend": "suspended the organisation",
  "organisation.unsuspend": "restored the organisation", "organisation.recover": "let an owner back in",
  "support_access.request": "asked for support access", "support_access.withdraw": "withdrew or gave back support access", "support_access.list": "looked through support access", "support_access.read": "looked inside, with consent",
  "operator.create": "made an operator", "operator.set_up": "set up their account", "operator.reset": "began anew for an operator", "operator.disable": "shut an operator out", "operator.enable": "let an operator in again",
  "operator.list": "looked at the operators", "operator_log.read": "read this log", "operator_log.verify": "verified this log",
};
const logWords = (action: string): string => phrases[action] ?? actionWords(action);
const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
