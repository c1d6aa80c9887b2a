import { memo, useEffect } from "react";
import { Age } from "../../kit/Age";
import { RowShell } from "../../kit/DataTable";
import { Icon, IconName } from "../../kit/Icon";
import { Level, levelOf, Meter, MeterProps, thresholds } from "../../kit/Meter";
import { Link } from "../../kit/router";
import { Spark, SparkPoint } from "../../kit/Spark";
import { Status, statusMark, statusWord } from "../../kit/Status";
import { megabits, span } from "../../kit/units";
import { useResource } from "../../live/live";
import { displayName, kindIcon, ResourceStatus, seenAt, subtitle } from "../../live/resource";
import { sparks, useSpark } from "./sparks";

interface MachineRowProps {
  shell: RowShell;
  address: string;
  /** The hour the sparklines cover, in whole minutes so that rows do not repaint for nothing. */
  hourEnd: number;
  /** The line to the server is lost: what is shown is old. */
  disconnected: boolean;
}

const hour = 3_600_000;

/**
 * A row listens to its own machine, so an update draws the rows it is about and not the page around them; each cell is
 * drawn again only when what it shows has changed.
 */
export const MachineRow = memo(MachineRowView, (before, after) => (
  before.hourEnd === after.hourEnd && before.disconnected === after.disconnected && before.address === after.address
  && sameShell(before.shell, after.shell)
));

function sameShell(before: RowShell, after: RowShell): boolean {
  return before["data-row"] === after["data-row"] && before["aria-rowindex"] === after["aria-rowindex"]
    && before["aria-selected"] === after["aria-selected"] && before.tabIndex === after.tabIndex;
}

function MachineRowView({ shell, address, hourEnd, disconnected }: MachineRowProps): JSX.Element {
  const id = shell["data-row"];
  const resource = useResource(id), spark = useSpark(id);
  useEffect(() => sparks.show(id), [id]);
  if (!resource) return <RemovedRow shell={shell} />;
  const { metrics, status } = resource;
  const isSilent = status === "offline" || status === "unknown";
  const missing = isSilent ? "Not answering" : "Not reported by this machine";
  const shown = isSilent ? undefined : metrics;
  const seen = seenAt(resource);
  const cpu = shown?.cpu?.percent;
  const isOld = isSilent || disconnected;
  return (
    <tr {...shell} data-status={statusMark(status)} data-stale={isOld ? "" : undefined}>
      <NameCell name={displayName(resource)} under={subtitle(resource)} icon={kindIcon(resource)} address={address} />
      <StatusCell status={status} silentSince={isSilent ? seen ?? null : undefined} />
      <MeterCell label="CPU" value={cpu} threshold={thresholds.cpu} missing={missing} />
      <MeterCell label="Memory" value={shown?.memory?.percent} threshold={thresholds.memory} missing={missing} />
      <MeterCell label="Disk" value={shown?.disk?.percent} threshold={thresholds.disk} missing={missing} />
      <FlowCell down={shown?.netIn?.value} up={shown?.netOut?.value} />
      <SparkCell points={spark} end={hourEnd} level={cpu === undefined ? undefined : levelOf(cpu / 100, thresholds.cpu)} />
      <UptimeCell text={resource.uptime === undefined || isSilent ? "—" : span(resource.uptime)} />
      <SeenCell at={seen} isOld={isOld} />
    </tr>
  );
}

const NameCell = memo(function NameCell({ name, under, icon, address }: { name: string; under: string; icon: IconName; address: string }): JSX.Element {
  return (
    <td role="cell" className="c-name">
      <div className="cell-name">
        <span className="kind"><Icon name={icon} /></span>
        <div><Link to={address} className="name" tabIndex={-1} keepScroll>{name}</Link><span className="sub">{under}</span></div>
      </div>
    </td>
  );
});

/** `silentSince`: undefined while it answers, null when it never did. */
const StatusCell = memo(function StatusCell({ status, silentSince }: { status: ResourceStatus; silentSince: number | null | undefined }): JSX.Element {
  return (
    <td role="cell" className="c-status">
      <Status mark={statusMark(status)}>{statusWord(status)}</Status>
      {silentSince !== undefined && <span className="only-narrow sub c-age"><Age at={silentSince ?? undefined} /></span>}
    </td>
  );
});

const MeterCell = memo(function MeterCell({ label, ...meter }: { label: string } & MeterProps): JSX.Element {
  return <td role="cell" data-label={label}><Meter {...meter} /></td>;
});

const FlowCell = memo(function FlowCell({ down, up }: { down: number | undefined; up: number | undefined }): JSX.Element {
  return <td role="cell" className="c-drop col-low"><Flow down={down} up={up} /></td>;
});

const SparkCell = memo(function SparkCell({ points, end, level }: { points: readonly SparkPoint[] | undefined; end: number; level: Level }): JSX.Element {
  return (
    <td role="cell" className="c-drop col-low">
      {points && points.length > 0 ? <Spark points={points} start={end - hour} end={end} level={level} /> : <span className="faint">—</span>}
    </td>
  );
});

const UptimeCell = memo(function UptimeCell({ text }: { text: string }): JSX.Element {
  return <td role="cell" className="right c-drop col-low"><span className="num muted">{text}</span></td>;
});

const SeenCell = memo(function SeenCell({ at, isOld }: { at: number | undefined; isOld: boolean }): JSX.Element {
  return <td role="cell" className="right c-drop col-lower"><span className={isOld ? "num age" : "num faint"}><Age at={at} /></span></td>;
});

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
