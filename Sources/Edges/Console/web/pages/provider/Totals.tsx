import { StatusMark } from "../../kit/Status";
import { Overview, worstMark, worstOf } from "./customer";

/** All customers at a glance. Ink stays grey unless someone has to act. */
export function Totals({ overview: { data, totals } }: { overview: Overview }): JSX.Element {
  const needing = data.filter((customer) => ["offline", "warning"].includes(worstOf(customer)));
  const offline = needing.filter((customer) => worstOf(customer) === "offline").length;
  const note = needing.length === 0 ? "All that is known is well" : [offline && `${offline} with machines offline`, needing.length > offline && `${needing.length - offline} with warnings`].filter(Boolean).join(", ");
  return (
    <div className="card totals">
      <div className="stat-row">
        <Stat label="Need someone" value={needing.length} unit={needing.length === 1 ? "customer" : "customers"} note={note} mark={needing.length === 0 ? "ok" : offline > 0 ? "offline" : "warning"} />
        <Stat label="Machines" value={totals.resources} note={`${totals.online} healthy`} />
        <Stat label="Offline" value={totals.offline} note={totals.offline === 0 ? "None" : "Not answering"} mark={totals.offline > 0 ? "offline" : undefined} />
        <Stat label="Unknown" value={totals.unknown} note="Cannot be told now" />
      </div>
    </div>
  );
}

function Stat({ label, value, unit, note, mark }: { label: string; value: number; unit?: string; note: string; mark?: (typeof worstMark)[keyof typeof worstMark] }): JSX.Element {
  return (
    <div className="stat">
      <div className="stat-label">{label}</div>
      <div className="stat-value">{mark && <StatusMark mark={mark} />}{value.toLocaleString("en")}{unit && <span className="unit">{unit}</span>}</div>
      <div className="stat-note">{note}</div>
    </div>
  );
}
