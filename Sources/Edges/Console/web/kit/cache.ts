// Answers of GET requests, shared by all who ask the same path, until someone changes what they are about.
import { useEffect, useReducer } from "react";
import { get } from "./api";
import { APIProblem, asProblem } from "./problem";

interface Entry {
  data: unknown;
  problem: APIProblem | undefined;
  fetchedAt: number;
  pending: Promise<void> | undefined;
  listeners: Set<() => void>;
}

/** Entries nobody looks at are dropped beyond this many, oldest first. */
const capacity = 64;
/** An answer this young is not asked for again, milliseconds. */
const freshFor = 5_000;
const entries = new Map<string, Entry>();
let generation = 0;

function entry(path: string): Entry {
  let found = entries.get(path);
  if (!found) {
    found = { data: undefined, problem: undefined, fetchedAt: 0, pending: undefined, listeners: new Set() };
    entries.set(path, found);
    trim();
  }
  return found;
}

function trim(): void {
  for (const [path, candidate] of entries) {
    if (entries.size <= capacity) return;
    if (candidate.listeners.size === 0) entries.delete(path);
  }
}

function load(path: string): Promise<void> {
  const target = entry(path);
  if (target.pending) return target.pending;
  const born = generation;
  const pending = get<unknown>(path).then(
    (data) => { if (born === generation) { target.data = data; target.problem = undefined; } },
    (error: unknown) => { if (born === generation) target.problem = asProblem(error); },
  ).then(() => {
    if (target.pending === pending) target.pending = undefined;
    target.fetchedAt = Date.now();
    target.listeners.forEach((listener) => listener());
  });
  target.pending = pending;
  return pending;
}

/** Marks every cached path with this beginning as stale; those on screen are fetched again at once. */
export function invalidate(prefix: string): void {
  for (const [path, target] of entries) {
    if (!path.startsWith(prefix)) continue;
    if (target.listeners.size > 0) { target.pending = undefined; void load(path); } else entries.delete(path);
  }
}

/** Forgets everything: another organisation (what is on screen is fetched again), or nobody at all any more. */
export function forgetAll(fetchAgain: boolean): void {
  generation += 1;
  for (const [path, target] of entries) {
    target.data = undefined;
    target.problem = undefined;
    target.fetchedAt = 0;
    target.pending = undefined;
    if (target.listeners.size === 0) entries.delete(path); else if (fetchAgain) void load(path);
  }
}

/** Replaces a cached answer without asking: the server has just told us. */
export function seed<T>(path: string, change: (data: T) => T): void {
  const target = entries.get(path);
  if (!target || target.data === undefined) return;
  target.data = change(target.data as T);
  target.listeners.forEach((listener) => listener());
}

export interface Query<T> {
  data: T | undefined;
  problem: APIProblem | undefined;
  pending: boolean;
  reload: () => void;
}

/** Reads `path` (undefined: not yet); old data stays while new data is on its way. `refresh` in milliseconds. */
export function useQuery<T>(path: string | undefined, refresh?: number): Query<T> {
  const [query] = useQueries<T>(path === undefined ? [] : [path], refresh);
  return query ?? { data: undefined, problem: undefined, pending: false, reload: () => undefined };
}

/** Reads several paths at once, in their order. */
export function useQueries<T>(paths: readonly string[], refresh?: number): Query<T>[] {
  const [, repaint] = useReducer((count: number) => count + 1, 0);
  const key = paths.join("\n");
  useEffect(() => {
    const wanted = key === "" ? [] : key.split("\n");
    for (const path of wanted) {
      const target = entry(path);
      target.listeners.add(repaint);
      if (target.data === undefined || Date.now() - target.fetchedAt > freshFor) void load(path);
    }
    const timer = refresh === undefined ? undefined : setInterval(() => {
      if (!document.hidden) wanted.forEach((path) => void load(path));
    }, refresh);
    return () => {
      wanted.forEach((path) => entries.get(path)?.listeners.delete(repaint));
      clearInterval(timer);
      trim();
    };
  }, [key, refresh]);
  return paths.map((path) => {
    const found = entries.get(path);
    return {
      data: found?.data as T | undefined, problem: found?.problem, reload: () => void load(path),
      pending: found === undefined || found.pending !== undefined || found.fetchedAt === 0,
    };
  });
}
