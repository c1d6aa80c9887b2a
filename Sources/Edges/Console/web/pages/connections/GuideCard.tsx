import { useRef, useState } from "react";
import { CopyButton } from "../../kit/CopyButton";
import { Kind } from "./connection";
import { afterwards, guides } from "./guide";

/** Which token and privileges are needed, as commands to paste. */
export function GuideCard({ kind }: { kind: Kind }): JSX.Element | null {
  const pre = useRef<HTMLPreElement>(null);
  const [at, setAt] = useState(0);
  const all = guides[kind], guide = all?.[at];
  if (!all || !guide) return null;
  return (
    <section className="card" aria-labelledby="guide-head">
      <div className="card-head"><h2 id="guide-head">Make the token</h2><span className="actions sub">{guide.where}</span></div>
      <div className="card-body stack stack-3">
        <div className="row-wrap" role="group" aria-label="Release">
          {all.map((one, index) => <button key={one.label} type="button" className="chip" aria-pressed={index === at} onClick={() => setAt(index)}>{one.label}</button>)}
        </div>
        <div className="code">
          <pre ref={pre} tabIndex={0} aria-label="Commands">{guide.commands.map((line, index) => <span key={line}>{index > 0 && "\n"}<span className="prompt"># </span>{line}</span>)}</pre>
          <CopyButton className="copy" text={guide.commands.join("\n")} source={pre} />
        </div>
        <p className="hint">{guide.note}</p>
        {afterwards[kind] && <p className="hint">{afterwards[kind]}</p>}
      </div>
    </section>
  );
}
