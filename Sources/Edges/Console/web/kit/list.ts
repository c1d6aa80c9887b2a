// A list that comes page by page: the first as any cached answer, more when asked for.
import { useEffect, useRef, useState } from "react";
import { apiContext, get } from "./api";
import { useQuery } from "./cache";
import { APIProblem, asProblem } from "./problem";

interface Answer<T> { data: T[]; nextCursor?: string }

export interface List<T> {
  /** Undefined until the first page is there. */
  data: T[] | undefined;
  problem: APIProblem | undefined;
  /** Undefined when there is no more. */
  more: (() => void) | undefined;
  loadingMore: boolean;
  reload: () => void;
}

const pageAfter = <T>(path: string, cursor: string, signal?: AbortSignal): Promise<Answer<T>> => (
  get<Answer<T>>(`${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`, { signal }));

/** `path` may have a query; the cursor is added to it. */
export function useList<T>(path: string | undefined): List<T> {
  const first = useQuery<Answer<T>>(path);
  const [rest, setRest] = useState<Answer<T>>();
  const [loadingMore, setLoading] = useState(false);
  const [problem, setProblem] = useState<APIProblem>();
  useEffect(() => { setRest(undefined); setProblem(undefined); }, [path, first.data]);
  const cursor = rest ? rest.nextCursor : first.data?.nextCursor;

  async function load(): Promise<void> {
    if (!path || !cursor || loadingMore) return;
    const before = first.data;
    setLoading(true);
    try {
      const next = await pageAfter<T>(path, cursor);
      if (before === first.data) setRest((old) => ({ data: [...old?.data ?? [], ...next.data], nextCursor: next.nextCursor }));
      setProblem(undefined);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setLoading(false);
    }
  }

  return {
    data: first.data && [...first.data.data, ...rest?.data ?? []], problem: first.problem ?? problem,
    more: cursor ? () => void load() : undefined, loadingMore, reload: first.reload,
  };
}

/** What a list has on all its pages, `most` entries at most: for what has to be looked through whole. Undefined until it is
    there; what could not be fetched again stays as it was. `refresh` in milliseconds, for each page. */
export function useWholeList<T>(path: string | undefined, most: number, refresh: number): { data: readonly T[] | undefined; problem: APIProblem | undefined } {
  const first = useQuery<Answer<T>>(path, refresh);
  const [rest, setRest] = useState<{ key: string; data: readonly T[]; problem?: APIProblem }>();
  const key = `${apiContext.org ?? ""} ${path ?? ""}`;
  const busyUntil = useRef(0);
  const unmounted = useRef<AbortController>();
  useEffect(() => {
    busyUntil.current = 0;
    const ending = new AbortController();
    unmounted.current = ending;
    return () => ending.abort();
  }, [key]);
  useEffect(() => {
    const { data, nextCursor } = first.data ?? {}, signal = unmounted.current?.signal;
    if (!path || !data || !nextCursor || Date.now() < busyUntil.current) return;
    busyUntil.current = Infinity;
    void pagesAfter<T>(path, nextCursor, most - data.length, signal).then(({ found, pages, problem }) => {
      if (signal?.aborted) return;
      busyUntil.current = Date.now() + pages * refresh;
      setRest((old) => ({ key, data: problem && old?.key === key && old.data.length > found.length ? old.data : found, problem }));
    });
  }, [key, first.data, most, refresh]); // eslint-disable-line
  if (!first.data || !first.data.nextCursor) return { data: first.data?.data, problem: first.problem };
  return rest?.key === key ? { data: [...first.data.data, ...rest.data], problem: first.problem ?? rest.problem } : { data: undefined, problem: undefined };
}

async function pagesAfter<T>(path: string, cursor: string, most: number, signal?: AbortSignal): Promise<{ found: T[]; pages: number; problem?: APIProblem }> {
  const found: T[] = [];
  let pages = 0;
  try {
    for (let next: string | undefined = cursor; next !== undefined && found.length < most;) {
      pages += 1;
      const page: Answer<T> = await pageAfter<T>(path, next, signal);
      found.push(...page.data);
      next = page.nextCursor;
    }
    return { found: found.slice(0, Math.max(0, most)), pages };
  } catch (error) {
    return { found, pages, problem: asProblem(error) };
  }
}
