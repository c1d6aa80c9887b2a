import { KeyboardEvent, ReactNode, useLayoutEffect, useRef, useState } from "react";
import { useDismiss } from "./focus";

interface MenuButtonProps {
  className: string;
  label?: string;
  face: ReactNode;
  /** The items, each a `MenuItem`, `MenuLabel` or `<hr>`. */
  children: (close: () => void) => ReactNode;
  /** Opens upwards: for a button at the foot. */
  above?: boolean;
  /** Opens towards the left: for a button at the end of a row. */
  end?: boolean;
}

/** A button with a menu: arrows walk it, Escape and a press outside close it, the focus returns to the button. */
export function MenuButton({ className, label, face, children, above, end }: MenuButtonProps): JSX.Element {
  const [open, setOpen] = useState(false);
  const anchor = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = (): void => { setOpen(false); button.current?.focus(); };
  useDismiss(anchor, open, close);
  useLayoutEffect(() => {
    if (open) items(anchor.current)[0]?.focus();
  }, [open]);

  function walk(event: KeyboardEvent): void {
    const list = items(anchor.current), at = list.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: list.length - 1 }[event.key];
    if (next !== undefined) { event.preventDefault(); list[(next + list.length) % list.length]?.focus(); }
    if (event.key === "Tab") setOpen(false);
  }

  return (
    <div className="menu-anchor" ref={anchor}>
      <button
        ref={button} type="button" className={className} aria-haspopup="menu" aria-expanded={open} aria-label={label}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => { if (event.key === "ArrowDown" && !open) { event.preventDefault(); setOpen(true); } }}
      >{face}</button>
      {open && <div className={["menu", above ? "menu-above" : "", end ? "menu-end" : ""].filter(Boolean).join(" ")} role="menu" aria-label={label} onKeyDown={walk}>{children(close)}</div>}
    </div>
  );
}

function items(container: HTMLElement | null): HTMLElement[] {
  return container ? [...container.querySelectorAll<HTMLElement>("[role^=menuitem]")] : [];
}

interface MenuItemProps { onSelect: () => void; current?: boolean; children: ReactNode }

export function MenuItem({ onSelect, current, children }: MenuItemProps): JSX.Element {
  const role = current === undefined ? "menuitem" : "menuitemradio";
  return (
    <button type="button" role={role} aria-checked={current} tabIndex={-1} onClick={onSelect}>{children}</button>
  );
}
