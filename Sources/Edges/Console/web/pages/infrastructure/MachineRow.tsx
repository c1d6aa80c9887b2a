import { memo, useEffect } from "react";
import { Age } from "../../kit/Age";
import { RowShell } from "../../kit/DataTable";
import { Icon } from "../../kit/Icon";
import { levelOf, Meter, thresholds } from "../../kit/Meter";
import { Link } from "../../kit/router";
import { Spark, SparkPoint } from "../../kit/Spark";
import { Status, statusMark, statusWord } from "../../kit/Status";
import { megabits, span } from "../../kit/units";
import { displayName, Resource, seenAt, subtitle } from "../../live/resource";
import { sparks } from "./sparks";

interface MachineRowProps {
  resource: Resource | undefined;
  shell: RowShell;
  address: string;
  spark: readonly SparkPoint[] | undefined;
  /** The hour the sparklines cover, in whole minutes so that rows do not repaint for nothing. */
  hourEnd: number;
  /** The line to the server is lost: what is shown is old. */
  disconnected: boolean;
}

const hour = 3_600_000;

export const MachineRow = memo(MachineRowView, (before, after) => (
  before.resource === after.resource && before.spark === after.spark && before.hourEnd === after.hourEnd
  && before.disconnected === after.disconnected && before.address === after.address && sameShell(before.shell, after.shell)
));

function sameShell(before: RowShell, after: RowShell): boolean {
  return before["data-row"] === after["data-row"] && before["aria-rowindex"] === after["aria-rowindex"]
    && before["aria-selected"] === after["aria-selected"] && before.tabIndex === after.tabIndex;
}

function MachineRowView({ resource, shell, address, spark, hourEnd, disconnected }: MachineRowProps): JSX.Element {
  const id = shell["data-row"];
  useEffect(() => sparks.show(id), [id]);
  if (!resource) return <RemovedRow shell={shell} />;
  const { metrics, status } = resource;
  const isSilent = status === "offline" || status === "unknown";
  const missing = isSilent ? "Not answering" : "Not reported by this machine";
  const shown = isSilent ? undefined : metrics;
  const seen = seenAt(resource);
  const cpu = shown?.cpu?.percent;
  return (
    <tr {...shell} data-status={statusMark(status)} data-stale={isSilent || disconnected ? "" : undefined}>
      <td role="cell" className="c-name">
        <div className="cell-name">
          <span className="kind"><Icon name="server" /></span>
          <div><Link to={address} className="name" tabIndex={-1} keepScroll>{displayName(resource)}</Link><span className="sub">{subtitle(resource)}</span></div>
        </div>
      </td>
      <td role="cell" className="c-status">
        <Status mark={statusMark(status)}>{statusWord(status)}</Status>
        {isSilent && <span className="only-narrow sub c-age"><Age at={seen} /></span>}
      </td>
      <td role="cell" data-label="CPU"><Meter value={cpu} threshold={thresholds.cpu} missing={missing} /></td>
      <td role="cell" data-label="Memory"><Meter value={shown?.memory?.percent} threshold={thresholds.memory} missing={missing} /></td>
      <td role="cell" data-label="Disk"><Meter value={shown?.disk?.percent} threshold={thresholds.disk} missing={missing} /></td>
      <td role="cell" className="c-drop col-low"><Flow down={shown?.netIn?.value} up={shown?.netOut?.value} /></td>
      <td role="cell" className="c-drop col-low">
        {spark && spark.length > 0
          ? <Spark points={spark} start={hourEnd - hour} end={hourEnd} level={cpu === undefined ? undefined : levelOf(cpu / 100, thresholds.cpu)} />
          : <span className="faint">—</span>}
      </td>
      <td role="cell" className="right c-drop col-low"><span className="num muted">{resource.uptime === undefined || isSilent ? "—" : span(resource.uptime)}</span></td>
      <td role="cell" className="right c-drop col-lower"><span className={isSilent || disconnected ? "num age" : "num faint"}><Age at={seen} /></span></td>
    </tr>
  );
}

function Flow({ down, up }: { down: number | undefined; up: number | undefined }): JSX.Element {
  if (down === undefined && up === undefined) return <span className="faint num">—</span>;
  return (
    <span className="flow">
      <Icon name="arr-down" /><span className="num">{down === undefined ? "—" : megabits(down)}</span>
      <Icon name="arr-up" /><span className="num">{up === undefined ? "—" : megabits(up)}</span>
    </span>
  );
}

/** Its place stays until the person sorts, filters or reloads: nothing under the pointer moves. */
function RemovedRow({ shell }: { shell: RowShell }): JSX.Element {
  return (
    <tr {...shell} data-status="unknown" data-stale="">
      <td role="cell" className="c-name"><div className="cell-name"><span className="kind"><Icon name="minus" /></span><div><span className="name">Removed</span><span className="sub">No longer watched</span></div></div></td>
      <td role="cell" className="c-status"><Status mark="unknown">Removed</Status></td>
      <td role="cell" className="c-drop" colSpan={7} />
    </tr>
  );
}
