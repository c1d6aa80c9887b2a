// Which rows of a long table are worth drawing. The page scrolls, rows have one fixed height.
import { RefObject, useEffect, useLayoutEffect, useState } from "react";
import { flushSync } from "react-dom";

export interface Window { first: number; count: number; rowHeight: number }

/** Rows drawn beyond the edge of the screen, on each side; in all never more than `most`. */
const overscan = 6, most = 60;

export function windowOf(top: number, viewport: number, rowHeight: number, total: number): { first: number; count: number } {
  const visible = Math.ceil(viewport / rowHeight) + 1;
  const margin = Math.max(0, Math.min(overscan, Math.floor((most - visible) / 2)));
  const count = Math.min(total, visible + 2 * margin, most);
  const first = Math.floor(-top / rowHeight) - margin;
  return { first: Math.min(Math.max(0, first), Math.max(0, total - count)), count };
}

/** Follows the scroll of the page and the height of the rows, which differs between table and cards. */
export function useWindow(body: RefObject<HTMLElement>, total: number): Window {
  const [state, setState] = useState<Window>(() => ({ first: 0, count: Math.min(total, 30), rowHeight: 42 }));
  useLayoutEffect(() => {
    const measure = (): void => {
      const element = body.current;
      if (!element) return;
      const rowHeight = element.querySelector("tr[data-row]")?.getBoundingClientRect().height || 42;
      const next = { ...windowOf(element.getBoundingClientRect().top, innerHeight, rowHeight, total), rowHeight };
      setState((before) => before.first === next.first && before.count === next.count && before.rowHeight === next.rowHeight ? before : next);
    };
    measure();
    let frame = 0;
    // In the frame of the scroll itself: a frame later the screen would have shown emptiness.
    const later = (): void => { frame ||= requestAnimationFrame(() => { frame = 0; flushSync(measure); }); };
    addEventListener("scroll", later, { passive: true });
    const observer = new ResizeObserver(later);
    if (body.current) observer.observe(body.current);
    addEventListener("resize", later);
    return () => { removeEventListener("scroll", later); removeEventListener("resize", later); observer.disconnect(); cancelAnimationFrame(frame); };
  }, [body, total]);
  return { ...state, count: Math.min(state.count, total) };
}

/** True while the query matches. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const change = (): void => setMatches(list.matches);
    change();
    list.addEventListener("change", change);
    return () => list.removeEventListener("change", change);
  }, [query]);
  return matches;
}
