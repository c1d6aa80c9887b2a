// Where the focus is, was and must stay.
import { RefObject, useEffect, useLayoutEffect, useRef } from "react";

const focusable = "a[href],button:not([disabled]),input:not([disabled]),select,textarea,[tabindex]:not([tabindex='-1'])";

/** Keeps Tab inside an open dialog. */
export function trapTab(container: HTMLElement, event: KeyboardEvent | React.KeyboardEvent): void {
  if (event.key !== "Tab") return;
  const stops = [...container.querySelectorAll<HTMLElement>(focusable)].filter((stop) => stop.offsetParent !== null);
  const first = stops[0], last = stops[stops.length - 1];
  if (!first || !last) return;
  const at = document.activeElement;
  if (event.shiftKey && (at === first || !container.contains(at))) { event.preventDefault(); last.focus(); }
  else if (!event.shiftKey && (at === last || !container.contains(at))) { event.preventDefault(); first.focus(); }
}

/** Moves the focus into `ref` on mount and gives it back to where it was on unmount. */
export function useBorrowedFocus(ref: RefObject<HTMLElement>, pick?: (container: HTMLElement) => HTMLElement | null): void {
  const lender = useRef<Element | null>(null);
  useLayoutEffect(() => {
    lender.current = document.activeElement;
    const container = ref.current;
    if (container) (pick?.(container) ?? container).focus({ preventScroll: true });
    return () => {
      const back = lender.current;
      if (back instanceof HTMLElement && back.isConnected && back !== document.body) back.focus({ preventScroll: true });
    };
    // once: `pick` is only about the opening
  }, []); // eslint-disable-line
}

/** Calls `close` for a press outside `ref` or Escape, while `open`. */
export function useDismiss(ref: RefObject<HTMLElement>, open: boolean, close: () => void): void {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (!open) return undefined;
    const press = (event: PointerEvent): void => {
      if (event.target instanceof Node && !ref.current?.contains(event.target)) latest.current();
    };
    const key = (event: KeyboardEvent): void => {
      if (event.key === "Escape") { event.stopPropagation(); latest.current(); }
    };
    document.addEventListener("pointerdown", press);
    document.addEventListener("keydown", key, true);
    return () => { document.removeEventListener("pointerdown", press); document.removeEventListener("keydown", key, true); };
  }, [open, ref]);
}
