// A list that comes page by page: the first as any cached answer, more when asked for.
import { useEffect, useState } from "react";
import { get } from "./api";
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
      const next = await get<Answer<T>>(`${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`);
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
