import { memo, useEffect } from "react";
import { Icon } from "../../kit/Icon";
import { Level, levelOf, thresholds } from "../../kit/Meter";
import { Spark, SparkPoint } from "../../kit/Spark";
import { statusOf } from "../../kit/Status";
import { megabits, span } from "../../kit/units";
import { useResource } from "../../live/live";
import { displayName, kindIcon, isSilent, seenAt, subtitle } from "../../live/resource";
import { MeterCell, NameCell, RemovedRow, RowProps, sameRow, SeenCell, StatusCell } from "./cells";
import { sparks, useSpark } from "./sparks";

const hour = 3_600_000;

/**
 * A row listens to its own machine, so an update draws the rows it is about and not the page around them; each cell is
 * drawn again only when what it shows has changed.
 */
export const MachineRow = memo(MachineRowView, sameRow);

function MachineRowView({ shell, address, hourEnd, disconnected }: RowProps): JSX.Element {
  const id = shell["data-row"];
  const resource = useResource(id), spark = useSpark(id);
  useEffect(() => sparks.show(id), [id]);
  if (!resource) return <RemovedRow shell={shell} span={7} />;
  const { mark, word } = statusOf(resource), silent = isSilent(resource);
  const missing = silent ? (mark === "paused" ? "Switched off" : "Not answering") : "Not reported by this machine";
  const shown = silent ? undefined : resource.metrics;
  const seen = seenAt(resource);
  const cpu = shown?.cpu?.percent;
  const isOld = silent || disconnected;
  return (
    <tr {...shell} data-status={mark} data-stale={isOld ? "" : undefined}>
      <NameCell name={displayName(resource)} under={subtitle(resource)} icon={kindIcon(resource)} address={address} />
      <StatusCell mark={mark} word={word} silentSince={silent ? seen ?? null : undefined} />
      <MeterCell label="CPU" value={cpu} threshold={thresholds.cpu} missing={missing} />
      <MeterCell label="Memory" value={shown?.memory?.percent} threshold={thresholds.memory} missing={missing} />
      <MeterCell label="Disk" value={shown?.disk?.percent} threshold={thresholds.disk} missing={missing} />
      <FlowCell down={shown?.netIn?.value} up={shown?.netOut?.value} />
      <SparkCell points={spark} end={hourEnd} level={cpu === undefined ? undefined : levelOf(cpu / 100, thresholds.cpu)} />
      <UptimeCell text={resource.uptime === undefined || silent ? "—" : span(resource.uptime)} />
      <SeenCell at={seen} isOld={isOld} />
    </tr>
  );
}

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

function Flow({ down, up }: { down: number | undefined; up: number | undefined }): JSX.Element {
  if (down === undefined && up === undefined) return <span className="faint num">—</span>;
  return (
    <span className="flow">
      <Icon name="arr-down" /><span className="num">{down === undefined ? "—" : megabits(down)}</span>
      <Icon name="arr-up" /><span className="num">{up === undefined ? "—" : megabits(up)}</span>
    </span>
  );
}
