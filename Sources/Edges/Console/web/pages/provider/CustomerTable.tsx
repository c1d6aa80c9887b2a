import { useRef } from "react";
import { Day, When } from "../../kit/Age";
import { asProblem } from "../../kit/problem";
import { Button } from "../../kit/Button";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { initials, switchOrganisation } from "../../session/session";
import { roleLabel } from "../members/member";
import { byNeed, Customer, worstMark, worstOf, worstText } from "./customer";

/** A row keeps its place while numbers change under it: the order is that of the first look, new customers come last. */
function useSteadyOrder(customers: readonly Customer[]): readonly Customer[] {
  const order = useRef(new Map<string, number>());
  const known = order.current;
  for (const customer of [...customers].sort(byNeed)) if (!known.has(customer.grantId)) known.set(customer.grantId, known.size);
  return [...customers].sort((a, b) => (known.get(a.grantId) ?? 0) - (known.get(b.grantId) ?? 0));
}

export function CustomerTable({ customers }: { customers: readonly Customer[] }): JSX.Element {
  const rows = useSteadyOrder(customers);
  return (
    <table className="table table-cards" aria-label="Customers">
      <colgroup><col /><col className="w-state" /><col className="w-split" /><col className="col-lower-mid w-short" /><col className="col-lower w-when" /><col className="col-low w-when" /><col className="w-act" /></colgroup>
      <thead>
        <tr>
          <th scope="col">Customer</th><th scope="col">Worst now</th><th scope="col">Every machine</th><th scope="col" className="right col-lower-mid">Machines</th>
          <th scope="col" className="right col-lower">Told</th><th scope="col" className="col-low">Grant ends</th><th scope="col"><span className="visually-hidden">Actions</span></th>
        </tr>
      </thead>
      <tbody>{rows.map((customer) => <CustomerRow key={customer.grantId} customer={customer} />)}</tbody>
    </table>
  );
}

function CustomerRow({ customer }: { customer: Customer }): JSX.Element {
  const { displayName, summary } = customer, worst = worstOf(customer);
  const isClosed = customer.status === "suspended" || customer.status === "pending_deletion";
  async function open(): Promise<void> {
    try {
      await switchOrganisation(customer.orgId);
    } catch (error) {
      toast({ mark: "critical", title: `${displayName} not opened`, text: asProblem(error).sentence });
    }
  }
  return (
    <tr data-stale={isClosed ? "" : undefined}>
      <td className="c-name"><div className="cell-name"><span className="avatar avatar-cust" aria-hidden="true">{initials(displayName)}</span><div><span className="name">{displayName}</span><span className="sub">{roleLabel(customer.role)}</span></div></div></td>
      <td className="c-status"><Status mark={isClosed ? "paused" : worstMark[worst]}>{worstText(customer)}</Status></td>
      <td className="c-full"><Split customer={customer} /></td>
      <td className="right col-lower-mid" data-label="Machines"><span className="num">{summary?.resources ?? "—"}</span></td>
      <td className="right c-drop col-lower"><span className="num faint">{summary ? <When at={summary.updatedAt} /> : "—"}</span></td>
      <td className="c-drop col-low"><span className="num muted"><Day at={customer.expiresAt} /></span></td>
      <td className="right c-act c-buttons"><Button small label="Open" aria-label={`Open ${displayName}`} disabled={isClosed} onClick={() => void open()} /></td>
    </tr>
  );
}

/** The share of machines in each state as one bar; in words for who cannot see it. */
function Split({ customer }: { customer: Customer }): JSX.Element {
  const { summary } = customer;
  const isClosed = customer.status !== "active";
  if (!summary || summary.resources === 0 || isClosed) return <span className="faint" title={isClosed ? "Not watched now" : "Nothing was told yet"}>—</span>;
  const parts = [["offline", summary.offline], ["warning", summary.warning], ["unknown", summary.unknown], ["ok", summary.online]] as const;
  const told = parts.filter(([, count]) => count > 0).map(([word, count]) => `${count} ${word === "ok" ? "healthy" : word}`).join(", ");
  return (
    <div className="split" role="img" aria-label={told} title={told}>
      {parts.map(([word, count]) => count > 0 && <i key={word} data-status={word} style={{ flexGrow: count }} />)}
    </div>
  );
}
