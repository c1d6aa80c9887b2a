import { useRef } from "react";
import { CopyButton } from "./CopyButton";
import { StatusMark } from "./Status";

/** Something that is shown now and never again, to anyone. */
export function SecretOnce({ label, secret, note }: { label: string; secret: string; note?: string }): JSX.Element {
  const source = useRef<HTMLSpanElement>(null);
  return (
    <div className="stack stack-2">
      <span className="label">{label}</span>
      <div className="copy-field"><span className="mono" ref={source} aria-label={label}>{secret}</span><CopyButton text={secret} source={source} /></div>
      <p className="row secret-note"><StatusMark mark="info" /><span>{note ?? "Copy it now. It is kept as a fingerprint only and never shown again."}</span></p>
    </div>
  );
}
