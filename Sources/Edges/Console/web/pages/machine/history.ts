// The past of one machine: fetched by metric and range, continued from the live stream.
import { useEffect, useMemo, useRef, useState } from "react";
import { useQueries } from "../../kit/cache";
import { Gap, Point } from "../../kit/chart/series";
import { serverNow } from "../../kit/clock";
import { APIProblem } from "../../kit/problem";
import { Resource, seenAt } from "../../live/resource";

export type Range = "1h" | "6h" | "24h" | "7d" | "90d";
export const ranges: readonly { range: Range; label: string; word: string; seconds: number }[] = [
  { range: "1h", label: "1 h", word: "last hour", seconds: 3_600 },
  { range: "6h", label: "6 h", word: "last 6 hours", seconds: 21_600 },
  { range: "24h", label: "24 h", word: "last 24 hours", seconds: 86_400 },
  { range: "7d", label: "7 d", word: "last 7 days", seconds: 604_800 },
  { range: "90d", label: "90 d", word: "last 90 days", seconds: 7_776_000 },
];

interface Answer {
  start?: number | string; end?: number | string; stepSeconds?: number; unit?: string;
  points?: { timestamp: number; value: number | null; min?: number | null; max?: number | null; origin?: "platform" }[];
  outages?: { start: number; end: number; reason: string }[];
}

export interface History {
  points: Record<string, readonly Point[]>;
  /** When we did not watch, in order of time. */
  outages: readonly Gap[];
  start: number;
  end: number;
  stepSeconds: number;
  pending: boolean;
  problem: APIProblem | undefined;
  reload: () => void;
}

const maxPoints = 240;
/** Milliseconds. Of a long range no more than its newest point becomes another meanwhile, but an outage should be told of. */
const slowestRefresh = 900_000;

/** What the live stream says about a metric of the history. */
export function liveValue(resource: Resource, metric: string): number | undefined {
  const metrics = resource.metrics;
  if (metric.startsWith("disk:")) return resource.agent?.disks?.find((disk) => disk.mountpoint === metric.slice(5))?.usage;
  switch (metric) {
    case "cpu": return metrics?.cpu?.percent;
    case "memory": return metrics?.memory?.percent;
    case "memoryused": return metrics?.memory?.used;
    case "netin": return metrics?.netIn?.value;
    case "netout": return metrics?.netOut?.value;
    case "diskread": return metrics?.diskRead?.value;
    case "diskwrite": return metrics?.diskWrite?.value;
    case "temperature": return resource.temperature;
    default: return undefined;
  }
}

export function useHistory(resource: Resource, metrics: readonly string[], range: Range): History {
  const seconds = ranges.find((one) => one.range === range)?.seconds ?? 3_600;
  const refresh = Math.min(slowestRefresh, Math.max(60_000, seconds * 1000 / 120));
  const paths = metrics.map((metric) => (
    `/api/resources/${encodeURIComponent(resource.id)}/history?metric=${encodeURIComponent(metric)}&range=${range}&maxPoints=${maxPoints}`));
  const queries = useQueries<Answer>(paths, refresh);
  const stepSeconds = Math.max(1, ...queries.map((query) => query.data?.stepSeconds ?? seconds / maxPoints));
  const tails = useTails(resource, metrics, Math.max(stepSeconds, 10) * 1000, range);
  const data = queries.map((query) => query.data);
  const outages = useMemo(() => outagesOf(data), data); // eslint-disable-line
  const end = useEnd(resource);
  return useMemo(() => {
    const start = end - seconds * 1000;
    const points: Record<string, readonly Point[]> = {};
    metrics.forEach((metric, index) => {
      const answer = data[index];
      // Nothing before the past is known: what came live would be pushed away by it
      if (answer === undefined) return;
      const past = pointsOf(answer, start);
      const last = past[past.length - 1]?.t ?? 0;
      points[metric] = [...past, ...(tails.points.get(metric) ?? []).filter((point) => point.t >= last + stepSeconds * 500 && point.t >= start)];
    });
    return {
      points, outages, start, end, stepSeconds, pending: queries.some((query) => query.data === undefined && query.problem === undefined),
      problem: queries.find((query) => query.problem && query.data === undefined)?.problem, reload: () => queries.forEach((query) => query.reload()),
    };
  }, [...data, tails, end, stepSeconds, paths.join(), queries.some((query) => query.problem)]); // eslint-disable-line
}

function pointsOf(answer: Answer, start: number): Point[] {
  const points: Point[] = [];
  for (const point of answer.points ?? []) {
    if (point.value === null || point.timestamp < start) continue;
    points.push({ t: point.timestamp, v: point.value, min: point.min ?? undefined, max: point.max ?? undefined, isOfPlatform: point.origin === "platform" });
  }
  return points;
}

/** Each answer tells of all of them: together and in order, those that touch as one. */
function outagesOf(answers: readonly (Answer | undefined)[]): Gap[] {
  const all = answers.flatMap((answer) => answer?.outages ?? []).sort((a, b) => a.start - b.start);
  const outages: Gap[] = [];
  for (const { start, end } of all) {
    const last = outages[outages.length - 1];
    if (last && start <= last.to) last.to = Math.max(last.to, end);
    else outages.push({ from: start, to: end });
  }
  return outages;
}

/** The right edge: the newest reading while the machine speaks, the clock when it is silent; in steps of 10 s. */
function useEnd(resource: Resource): number {
  const [end, setEnd] = useState(() => edge(resource));
  useEffect(() => {
    const follow = (): void => setEnd(edge(resource));
    follow();
    const timer = setInterval(follow, 10_000);
    return () => clearInterval(timer);
  }, [resource]);
  return end;
}

function edge(resource: Resource): number {
  const now = Math.ceil(serverNow() / 10_000) * 10_000, seen = seenAt(resource) ?? 0;
  return now - seen < 30_000 && seen <= now ? seen : now;
}

/** Readings since the page was opened, at most one a step: the history catches up with them at its next refresh. */
function useTails(resource: Resource, metrics: readonly string[], step: number, range: Range): { points: Map<string, Point[]> } {
  const subject = `${resource.id} ${range}`;
  const holder = useRef({ subject, tails: { points: new Map<string, Point[]>() } });
  if (holder.current.subject !== subject) holder.current = { subject, tails: { points: new Map() } };
  const seen = seenAt(resource);
  const lastSeen = useRef<number>();
  if (seen !== undefined && seen !== lastSeen.current && resource.status !== "offline") {
    lastSeen.current = seen;
    const points = new Map(holder.current.tails.points);
    for (const metric of metrics) {
      const v = liveValue(resource, metric);
      if (v === undefined) continue;
      const before = points.get(metric) ?? [], last = before[before.length - 1];
      points.set(metric, last && seen - last.t < step * 0.9 ? before : [...before, { t: seen, v }].slice(-maxPoints));
    }
    holder.current = { subject, tails: { points } };
  }
  return holder.current.tails;
}
