import { useEffect } from "react";
import { List } from "../../kit/list";

/** Milliseconds. */
const refresh = 10_000;
const firstPage = 50;

/** Asks again while only the first page is shown: who has read on is not thrown back. */
export function useFreshList<T>(list: List<T>): void {
  const isFirstPage = (list.data?.length ?? 0) <= firstPage;
  const { reload } = list;
  useEffect(() => {
    if (!isFirstPage) return undefined;
    const timer = setInterval(() => { if (!document.hidden) reload(); }, refresh);
    return () => clearInterval(timer);
    // the list's functions are new with each painting
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [isFirstPage]);
}
