import { useEffect, useRef } from "react";
import { List } from "../../kit/list";

/** Milliseconds. */
const refresh = 10_000;
const firstPage = 50;

/** Asks again while only the first page is shown: who has read on is not thrown back. */
export function useFreshList<T>(list: List<T>): void {
  const isFirstPage = (list.data?.length ?? 0) <= firstPage;
  // new with each painting, and of another list when the filter changed
  const reload = useRef(list.reload);
  reload.current = list.reload;
  useEffect(() => {
    if (!isFirstPage) return undefined;
    const timer = setInterval(() => { if (!document.hidden) reload.current(); }, refresh);
    return () => clearInterval(timer);
  }, [isFirstPage]);
}
