import { ReactNode, useEffect, useRef } from "react";
import { isTyping } from "./keys";
import { useBorrowedFocus } from "./focus";

interface DrawerProps {
  label: string;
  head: ReactNode;
  children: ReactNode;
  onClose: () => void;
  /** ↑ and ↓ while the drawer has the focus: the row before or after. */
  onWalk?: (step: 1 | -1) => void;
  /** Changes when another thing is shown in the same drawer: the body starts at its top again. */
  subject: string;
}

/** Detail beside the list. Not modal: the list stays live. Takes the focus, Escape closes, the focus goes back. */
export function Drawer({ label, head, children, onClose, onWalk, subject }: DrawerProps): JSX.Element {
  const panel = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;
  useBorrowedFocus(panel, (container) => container.querySelector("h2"));
  useEffect(() => { body.current?.scrollTo(0, 0); }, [subject]);
  useEffect(() => {
    const escape = (event: KeyboardEvent): void => { if (event.key === "Escape" && !event.defaultPrevented) close.current(); };
    document.addEventListener("keydown", escape);
    return () => document.removeEventListener("keydown", escape);
  }, []);
  function walk(event: React.KeyboardEvent): void {
    if (!onWalk || isTyping(event.target) || (event.target as HTMLElement).closest("[role=slider],[data-scrolls]")) return;
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : undefined;
    if (step === undefined) return;
    event.preventDefault();
    onWalk(step);
  }
  return (
    <aside ref={panel} className="drawer" aria-label={label} tabIndex={-1} onKeyDown={walk}>
      <div className="drawer-head">{head}</div>
      <div ref={body} className="drawer-body" tabIndex={onWalk ? undefined : 0}>{children}</div>
    </aside>
  );
}
