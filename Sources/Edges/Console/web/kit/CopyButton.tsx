import { useEffect, useRef, useState } from "react";
import { Button } from "./Button";

/** Copies `text`, says so for two seconds. Falls back to selecting where the browser refuses (plain http). */
export function CopyButton({ text, source, className }: {
  text: string; source: React.RefObject<HTMLElement>; className?: string;
}): JSX.Element {
  const [state, setState] = useState<"idle" | "copied" | "selected">("idle");
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  async function copy(): Promise<void> {
    let next: typeof state = "copied";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      if (source.current) getSelection()?.selectAllChildren(source.current);
      next = document.execCommand("copy") ? "copied" : "selected";
    }
    setState(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setState("idle"), 2_000);
  }
  const label = { idle: "Copy", copied: "Copied", selected: "Selected" }[state];
  return (
    <>
      <Button small className={className} icon={state === "copied" ? "check" : "copy"} label={label} onClick={() => void copy()} />
      <span className="visually-hidden" role="status">{state === "copied" ? "Copied" : ""}</span>
    </>
  );
}
