import { ReactNode, useMemo } from "react";
import { thresholds } from "../../kit/Meter";
import { gapWords, holesOf, isLong, Point, Series } from "../../kit/chart/series";
import { TimeChart } from "../../kit/chart/TimeChart";
import { Empty, Failed } from "../../kit/states";
import { APIProblem } from "../../kit/problem";
import { bitsPerSecond, bytes, bytesOf, bytesPerSecond, Measure, percent } from "../../kit/units";
import { Resource } from "../../live/resource";
import { DiskBars } from "./DiskBars";
import { History, Range, ranges, useHistory } from "./history";

const asPercent = (value: number): Measure => ({ value: value.toFixed(value < 10 ? 1 : 0), unit: "%" });
const asDegrees = (value: number): Measure => ({ value: value.toFixed(1), unit: "°C" });

/** More file systems than colours become bars only. */
const mostLines = 6;

interface ChartsProps { resource: Resource; range: Range; asTable: boolean }

/** What is measured of a thing depends on what it is: a storage has no CPU, and an empty chart would say that it is idle. */
export function Charts(props: ChartsProps): JSX.Element {
  switch (props.resource.type) {
    case "storage": case "ceph": return <OneChart {...props} title="Usage" metric="usage" format={asPercent} top={100} now={props.resource.metrics?.disk?.percent} />;
    case "physical_disk": return <OneChart {...props} title="Temperature" metric="temperature" format={asDegrees} now={props.resource.temperature} />;
    default: return <MachineCharts {...props} />;
  }
}

interface OneChartProps extends ChartsProps { title: string; metric: string; format: (value: number) => Measure; top?: number; now: number | undefined }

function OneChart({ resource, range, asTable, title, metric, format, top, now }: OneChartProps): JSX.Element {
  const metrics = useMemo(() => [metric], [metric]);
  const history = useHistory(resource, metrics, range);
  const series = useSeries(history, [[title, metric]]);
  if (history.problem) return <NoHistory problem={history.problem} range={range} retry={history.reload} />;
  const measure = now === undefined ? undefined : format(now);
  return (
    <>
      <TimeChart
        title={title} series={series} outages={history.outages} start={history.start} end={history.end} stepSeconds={history.stepSeconds}
        rangeWord={ranges.find((one) => one.range === range)?.word ?? ""} asTable={asTable} format={format} top={top} tall
        now={measure ? <><span className="figure">{measure.value}</span> <span className="unit">{measure.unit}</span></> : "—"}
      />
      <GapNote history={history} metric={metric} />
    </>
  );
}

function MachineCharts({ resource, range, asTable }: ChartsProps): JSX.Element {
  const disks = useMemo(() => (resource.agent?.disks ?? []).slice(0, mostLines).map((disk) => `disk:${disk.mountpoint}`), [resource.agent?.disks?.map((disk) => disk.mountpoint).join("\n")]); // eslint-disable-line
  const hasTemperature = resource.temperature !== undefined;
  const metrics = useMemo(
    () => ["cpu", "memoryused", "netin", "netout", "diskread", "diskwrite", ...disks, ...hasTemperature ? ["temperature"] : []], [disks, hasTemperature]);
  const history = useHistory(resource, metrics, range);
  const word = ranges.find((one) => one.range === range)?.word ?? "";
  const { memory, cpu, netIn, netOut, diskRead, diskWrite } = resource.metrics ?? {};
  const total = memory?.total ?? resource.agent?.memory?.totalBytes;
  const shared = { outages: history.outages, start: history.start, end: history.end, stepSeconds: history.stepSeconds, rangeWord: word, asTable };
  const cpuSeries = useSeries(history, [["CPU", "cpu"]]);
  const memorySeries = useSeries(history, [["Memory", "memoryused"]]);
  const networkSeries = useSeries(history, [["received", "netin"], ["sent", "netout"]]);
  const diskSeries = useSeries(history, [["read", "diskread"], ["written", "diskwrite"]]);
  const usageSeries = useSeries(history, disks.map((metric) => [metric.slice(5), metric]));
  const heatSeries = useSeries(history, [["Temperature", "temperature"]]);
  if (history.problem) return <><NoHistory problem={history.problem} range={range} retry={history.reload} /><DiskBars disks={resource.agent?.disks ?? []} /></>;
  return (
    <>
      <TimeChart
        title="CPU" series={cpuSeries} {...shared} format={asPercent} top={100} tall
        trigger={{ value: thresholds.cpu.trigger * 100, label: `trigger ${thresholds.cpu.trigger * 100}%` }}
        now={cpu?.percent === undefined ? "—" : <><span className="figure">{percent(cpu.percent)}</span> % <span className="unit">{cores(resource)}</span></>}
      />
      <TimeChart
        title="Memory" series={memorySeries} {...shared} format={bytes} top={total}
        now={memory?.used === undefined || total === undefined ? "—" : <MemoryNow used={memory.used} total={total} share={memory.percent} />}
      />
      <TimeChart title="Network" series={networkSeries} {...shared} format={bitsPerSecond} factor={8} now={<Pair first={netIn?.value} second={netOut?.value} marks={["↓", "↑"]} format={bitsPerSecond} />} />
      <TimeChart title="Disk throughput" series={diskSeries} {...shared} format={bytesPerSecond} now={<Pair first={diskRead?.value} second={diskWrite?.value} marks={["R", "W"]} format={bytesPerSecond} />} />
      {hasTemperature && <TimeChart title="Temperature" series={heatSeries} {...shared} format={asDegrees} now={<><span className="figure">{resource.temperature?.toFixed(1)}</span> <span className="unit">°C, hottest sensor</span></>} />}
      {disks.length > 0 && <TimeChart title="Disk usage" series={usageSeries} {...shared} format={asPercent} top={100} now="" />}
      <GapNote history={history} metric="cpu" />
      <DiskBars disks={resource.agent?.disks ?? []} />
    </>
  );
}

/** In the place of the charts. What the plan does not keep is no fault that trying again would mend. */
function NoHistory({ problem, range, retry }: { problem: APIProblem; range: Range; retry: () => void }): JSX.Element {
  if (problem.slug !== "history-window") return <Failed title="The history could not be loaded" problem={problem} retry={retry} />;
  return <Empty icon="clock" title={`The ${ranges.find((one) => one.range === range)?.word ?? "past"} are not kept`}>{problem.sentence}</Empty>;
}

/** Empty until the past of every metric is there: one after the other they would move the rows of a table. */
function useSeries(history: History, wanted: readonly (readonly [name: string, metric: string])[]): Series[] {
  const points = wanted.map(([, metric]) => history.points[metric]);
  const isWhole = points.every((one) => one !== undefined);
  return useMemo(() => wanted.map(([name], index) => ({ name, points: isWhole && points[index] || noPoints })), points); // eslint-disable-line
}

const noPoints: readonly Point[] = [];

function cores(resource: Resource): string {
  const count = resource.agent?.cpuCount;
  return count === undefined ? "" : `of ${count} ${count === 1 ? "core" : "cores"}`;
}

function MemoryNow({ used, total, share }: { used: number; total: number; share: number | undefined }): JSX.Element {
  const words = bytesOf(used, total);
  return <><span className="figure">{words.used}</span> <span className="unit">of {words.total} {words.unit}{share === undefined ? "" : `, ${percent(share)} %`}</span></>;
}

/** Two directions with one unit each: they may differ a thousandfold. Their room is fixed, so that neither pushes the other. */
function Pair({ first, second, marks, format }: {
  first: number | undefined; second: number | undefined; marks: [string, string]; format: (value: number) => Measure;
}): JSX.Element {
  const show = (value: number | undefined): ReactNode => {
    if (value === undefined) return <span className="figure">—</span>;
    const measure = format(value);
    return <><span className="figure">{measure.value}</span> <span className="unit figure-unit">{measure.unit}</span></>;
  };
  return <><span className="faint">{marks[0]}</span> {show(first)} <span className="faint">{marks[1]}</span> {show(second)}</>;
}

/** Below the charts, why there are holes in them. Its line is there before its words: what follows must not jump. */
function GapNote({ history, metric }: { history: History; metric: string }): JSX.Element {
  const told = history.points[metric] ?? noPoints, { start, end } = history;
  const { silent, unwatched } = holesOf([{ name: metric, points: told }], history.outages, start, end, history.stepSeconds);
  const isNew = silent.length === 1 && (silent[0]?.to ?? 0) <= (told[0]?.t ?? 0);
  const words: string[] = [];
  if (unwatched.length > 0) words.push(`${gapWords(unwatched, isLong(start, end))}: Pulse was not watching.`);
  if (told.some((point) => point.isOfPlatform)) words.push("What its platform remembered is shown as remembered.");
  if (silent.length > 0 && told.length > 0) {
    words.push(isNew ? "Nothing is stored from before the first measurement shown." : `${gapWords(silent, isLong(start, end))}: nothing was reported.`);
  }
  return <p className="chart-note">{!history.pending && words.length > 0 && `${words.join(" ")} Gaps are never filled in.`}</p>;
}
