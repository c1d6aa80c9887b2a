import { ReactNode, useId, useRef } from "react";
import { createPortal } from "react-dom";
import { trapTab, useBorrowedFocus } from "./focus";

interface DialogProps { title: string; children: ReactNode; foot?: ReactNode; onClose: () => void }

/** Modal: for what cannot be undone, and for a short form of its own. Escape and the backdrop close it. */
export function Dialog({ title, children, foot, onClose }: DialogProps): JSX.Element {
  const panel = useRef<HTMLDivElement>(null);
  const titleID = useId();
  useBorrowedFocus(panel, (container) => container.querySelector<HTMLElement>("input,button"));
  function press(event: React.KeyboardEvent): void {
    if (event.key === "Escape") { event.stopPropagation(); event.nativeEvent.stopImmediatePropagation(); onClose(); }
    else if (panel.current) trapTab(panel.current, event);
  }
  return createPortal(
    <div className="overlay" onPointerDown={(event) => { if (event.target === event.currentTarget) onClose(); }}>
      <div ref={panel} className="modal" role="dialog" aria-modal="true" aria-labelledby={titleID} tabIndex={-1} onKeyDown={press}>
        <div className="modal-body"><h2 id={titleID}>{title}</h2>{children}</div>
        {foot && <div className="modal-foot">{foot}</div>}
      </div>
    </div>, document.body);
}
