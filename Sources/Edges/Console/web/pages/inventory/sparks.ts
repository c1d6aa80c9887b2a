// One hour of CPU for the machines on screen: loaded when a row is first drawn, then continued from the live stream, one
// point a minute.
import { useEffect, useSyncExternalStore } from "react";
import { get } from "../../kit/api";
import { serverNow } from "../../kit/clock";
import { SparkPoint } from "../../kit/Spark";
import { resources, subscribeResources } from "../../live/live";
import { Change } from "../../live/ResourceStore";

const minute = 60_000, hour = 60 * minute;
/** The server answers for at most this many at once. */
const batch = 200;
/** Rows that come into view within this time are asked for together. */
const gather = 60;
interface Answer { data: Record<string, [number, number | null][]> }

class Sparks {
  private points = new Map<string, readonly SparkPoint[]>();
  private running = new Map<string, { minute: number; sum: number; count: number }>();
  private shown = new Map<string, number>();
  private wanted = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private generation = 0;

  of(id: string): readonly SparkPoint[] | undefined { return this.points.get(id); }

  /** A row is drawn; the answer takes it back. */
  show(id: string): () => void {
    this.shown.set(id, (this.shown.get(id) ?? 0) + 1);
    if (!this.points.has(id)) this.want(id);
    return () => {
      const left = (this.shown.get(id) ?? 1) - 1;
      if (left > 0) this.shown.set(id, left); else this.shown.delete(id);
    };
  }

  /** Everything may have changed while we did not hear: the rows on screen anew, the others when they are drawn. */
  reload(): void {
    for (const id of this.points.keys()) if (!this.shown.has(id)) this.points.delete(id);
    this.running.clear();
    for (const id of this.shown.keys()) this.want(id);
  }

  clear(): void {
    this.generation += 1;
    this.points.clear();
    this.running.clear();
    this.wanted.clear();
    resources.nudge();
  }

  /** Folds readings into the running minute; a finished minute becomes a point. */
  follow(change: Change): void {
    if (change.everything) return this.reload();
    const now = Math.floor(serverNow() / minute);
    let isNew = false;
    for (const id of change.changed) {
      const percent = this.points.has(id) ? resources.get(id)?.metrics?.cpu?.percent : undefined;
      if (percent === undefined) continue;
      const running = this.running.get(id);
      if (running?.minute === now) { running.sum += percent; running.count += 1; continue; }
      if (running) { this.append(id, running.minute * minute, running.sum / running.count); isNew = true; }
      this.running.set(id, { minute: now, sum: percent, count: 1 });
    }
    if (isNew) resources.nudge();
  }

  private append(id: string, at: number, value: number): void {
    const before = this.points.get(id) ?? [];
    const last = before[before.length - 1];
    if (last && last[0] >= at) return;
    const bridge: SparkPoint[] = last && at - last[0] > 2.5 * minute ? [[last[0] + minute, null]] : [];
    this.points.set(id, [...before.filter(([time]) => time > at - hour), ...bridge, [at, value]]);
  }

  private want(id: string): void {
    this.wanted.add(id);
    if (this.timer === undefined) this.timer = setTimeout(() => { this.timer = undefined; void this.load(); }, gather);
  }

  private async load(): Promise<void> {
    const ids = [...this.wanted].filter((id) => this.shown.has(id)).slice(0, batch), born = this.generation;
    this.wanted.clear();
    if (ids.length === 0) return;
    try {
      const answer = await get<Answer>(`/api/resources/sparklines?metric=cpu&range=1h&points=60&ids=${ids.join(",")}`);
      if (born !== this.generation) return;
      for (const id of ids) this.points.set(id, answer.data[id] ?? []);
      resources.nudge();
    } catch {
      // a picture of the past: the row says the present without it, and the next full state asks again
    }
  }
}

export const sparks = new Sparks();

/** The sparkline of a row; it is drawn with the paint that brings it. */
export function useSpark(id: string): readonly SparkPoint[] | undefined {
  return useSyncExternalStore(subscribeResources, () => sparks.of(id));
}

/** Keeps the sparklines current while the page is shown. */
export function useSparks(loaded: boolean): void {
  useEffect(() => {
    if (!loaded) { sparks.clear(); return undefined; }
    const refresh = setInterval(() => { if (!document.hidden) sparks.reload(); }, 10 * minute);
    const stop = resources.subscribe((change) => sparks.follow(change));
    return () => { clearInterval(refresh); stop(); sparks.clear(); };
  }, [loaded]);
}
