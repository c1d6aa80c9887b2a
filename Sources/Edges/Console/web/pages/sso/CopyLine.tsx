import { useRef } from "react";
import { CopyButton } from "../../kit/CopyButton";

/** A value to be pasted elsewhere, letter by letter. */
export function CopyLine({ label, value }: { label: string; value: string }): JSX.Element {
  const source = useRef<HTMLSpanElement>(null);
  return (
    <div className="field">
      <span className="label">{label}</span>
      <div className="copy-field"><span className="mono" ref={source} aria-label={label} role="textbox" aria-readonly="true" tabIndex={0}>{value}</span><CopyButton text={value} source={source} /></div>
    </div>
  );
}
