import { ReactNode, useId, useRef } from "react";
import { createPortal } from "react-dom";
import { trapTab, useBorrowedFocus } from "./focus";

interface DialogProps { title: string; children: ReactNode; foot?: ReactNode; onClose: () => void;
  /** Neither Escape nor the backdrop closes it: what it shows would be lost. */
  isSticky?: boolean;
}

/** Modal: for what cannot be undone, and for a short form of its own. Escape and the backdrop close it. */
export function Dialog({ title, children, foot, onClose, isSticky }: DialogProps): JSX.Element {
  const panel = useRef<HTMLDivElement>(null);
  const titleID = useId();
  useBorrowedFocus(panel, (container) => container.querySelector<HTMLElement>("input:not([hidden]),select,button"));
  function press(event: React.KeyboardEvent): void {
    if (event.key === "Escape") { event.stopPropagation(); event.nativeEvent.stopImmediatePropagation(); if (!isSticky) onClose(); }
    else if (panel.current) trapTab(panel.current, event);
  }
  return createPortal(
    <div className="overlay" onPointerDown={(event) => { if (event.target === event.currentTarget && !isSticky) onClose(); }}>
      <div ref={panel} className="modal" role="dialog" aria-modal="true" aria-labelledby={titleID} tabIndex={-1} onKeyDown={press}>
        <div className="modal-body"><h2 id={titleID}>{title}</h2>{children}</div>
        {foot && <div className="modal-foot">{foot}</div>}
      </div>
    </div>, document.body);
}
