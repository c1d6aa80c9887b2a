// One hour of CPU for every machine: loaded once, then continued from the live stream, one point a minute.
import { useEffect, useSyncExternalStore } from "react";
import { get } from "../../kit/api";
import { serverNow } from "../../kit/clock";
import { SparkPoint } from "../../kit/Spark";
import { resources } from "../../live/live";
import { Change } from "../../live/ResourceStore";

const minute = 60_000, hour = 60 * minute;
interface Answer { data: Record<string, [number, number | null][]> }

class Sparks {
  private points = new Map<string, readonly SparkPoint[]>();
  private current = new Map<string, { minute: number; sum: number; count: number }>();
  private listeners = new Set<() => void>();
  version = 0;

  async load(signal: AbortSignal): Promise<void> {
    const answer = await get<Answer>("/api/resources/sparklines?metric=cpu&range=1h&points=60", { signal, timeout: 20_000 });
    this.points = new Map(Object.entries(answer.data));
    this.current.clear();
    this.publish();
  }

  of(id: string): readonly SparkPoint[] | undefined { return this.points.get(id); }

  /** Folds readings into the running minute; a finished minute becomes a point. */
  follow(change: Change): void {
    if (change.everything) return;
    const now = Math.floor(serverNow() / minute);
    let isNew = false;
    for (const id of change.changed) {
      const percent = resources.get(id)?.metrics?.cpu?.percent;
      if (percent === undefined) continue;
      const running = this.current.get(id);
      if (running?.minute === now) { running.sum += percent; running.count += 1; continue; }
      if (running) { this.append(id, running.minute * minute, running.sum / running.count); isNew = true; }
      this.current.set(id, { minute: now, sum: percent, count: 1 });
    }
    if (isNew) this.publish();
  }

  private append(id: string, at: number, value: number): void {
    const before = this.points.get(id) ?? [];
    const last = before[before.length - 1];
    if (last && last[0] >= at) return;
    const bridge: SparkPoint[] = last && at - last[0] > 2.5 * minute ? [[last[0] + minute, null]] : [];
    this.points.set(id, [...before.filter(([time]) => time > at - hour), ...bridge, [at, value]]);
  }

  private publish(): void {
    this.version += 1;
    this.listeners.forEach((listener) => listener());
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  clear(): void { this.points.clear(); this.current.clear(); this.publish(); }
}

export const sparks = new Sparks();

/** Keeps the sparklines of the page current while it is shown; a failed load is tried again with the next full state. */
export function useSparks(loaded: boolean): number {
  useEffect(() => {
    if (!loaded) { sparks.clear(); return undefined; }
    const controller = new AbortController();
    const load = (): void => { sparks.load(controller.signal).catch(() => undefined); };
    load();
    const refresh = setInterval(() => { if (!document.hidden) load(); }, 10 * minute);
    const stop = resources.subscribe((change) => { if (change.everything) load(); else sparks.follow(change); });
    return () => { controller.abort(); clearInterval(refresh); stop(); };
  }, [loaded]);
  return useSyncExternalStore(sparks.subscribe, () => sparks.version);
}
