// All that was asked for: one's own, and for an operator admin everyone's.
import { When } from "../kit/Age";
import { initials } from "../kit/initials";
import { useList } from "../kit/list";
import { Page } from "../kit/Page";
import { Link, navigate, queryWith, usePlace, useTitle } from "../kit/router";
import { Empty } from "../kit/states";
import { Status, StatusMark } from "../kit/Status";
import { dateTime } from "../kit/units";
import { MoreFoot, Wait } from "../kit/Wait";
import { isAdmin, useOperator } from "./session";
import { lengthWord, Support, supportPath, supportState, SupportStatus } from "./wire";

const states: readonly SupportStatus[] = ["pending", "active", "declined", "revoked", "expired"];

export function SupportAccess(): JSX.Element {
  useTitle("Support access");
  const operator = useOperator(), { query } = usePlace();
  const status = states.find((one) => one === query.get("status"));
  const list = useList<Support>(`${supportPath}${status ? `?status=${status}` : ""}`);
  const change = (next: SupportStatus | undefined): void => navigate(`/support${queryWith(query, { status: next })}`, { replace: true, keepScroll: true });
  return (
    <Page title="Support access" sub={<p className="page-sub">{isAdmin(operator) ? "Of all operators." : "Yours."} Ask from an organisation's page; its owners decide.</p>}>
      <div className="toolbar">
        <div className="chips grow" role="group" aria-label="Filter by state">
          <button type="button" className="chip" aria-pressed={!status} onClick={() => change(undefined)}>All</button>
          {states.map((one) => <button key={one} type="button" className="chip" aria-pressed={status === one} onClick={() => change(status === one ? undefined : one)}><StatusMark mark={supportState(one).mark} />{supportState(one).word}</button>)}
        </div>
      </div>
      <Wait query={list} what="The requests" rows={4}>
        {(data) => (
          <div className="table-wrap">
            {data.length === 0
              ? <Empty icon="eye" title={status ? "No request is in this state" : "Nobody was asked yet"}>When a customer needs you to see what they see, open their page and ask for access.</Empty>
              : <SupportTable rows={data} mine={operator.id} />}
            {list.more && <MoreFoot shown={`${data.length} shown`} list={list} />}
          </div>
        )}
      </Wait>
    </Page>
  );
}

function SupportTable({ rows, mine }: { rows: readonly Support[]; mine: string }): JSX.Element {
  return (
    <table className="table table-cards" aria-label="Support access">
      <colgroup><col /><col className="w-state" /><col className="col-lower w-who" /><col className="w-when" /><col className="w-act" /></colgroup>
      <thead><tr><th scope="col">Organisation, reason</th><th scope="col">State</th><th scope="col" className="col-lower">Operator</th><th scope="col" className="right">Asked</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
      <tbody>
        {rows.map((row) => {
          const state = supportState(row.status);
          return (
            <tr key={row.id}>
              <td className="c-name"><div className="cell-name"><span className="avatar avatar-cust" aria-hidden="true">{initials(row.orgName)}</span><div><Link className="name name-link" to={`/orgs/${row.orgId}`}>{row.orgName}</Link><span className="sub" title={row.reason}>{row.reason}</span></div></div></td>
              <td className="c-status"><Status mark={state.mark}>{state.word}</Status></td>
              <td className="col-lower" data-label="Operator">{row.operatorName}<span className="sub check-sub">{row.status === "active" && row.expiresAt ? `until ${dateTime(new Date(row.expiresAt))}` : `for ${lengthWord(row.minutes)}`}</span></td>
              <td className="right" data-label="Asked"><span className="num muted"><When at={row.requestedAt} /></span></td>
              <td className="right c-act c-buttons">{row.status === "active" && row.operatorId === mine && <Link className="btn btn-sm" to={`/orgs/${row.orgId}/view`} aria-label={`Open ${row.orgName}, to read`}><span className="btn-label">Open</span></Link>}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
