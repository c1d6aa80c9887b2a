// Keys of the whole page. Single letters do nothing while typing and can be switched off in the profile.
import { useEffect, useRef } from "react";
import { preferences } from "./preferences";

/** `"g i"` is a sequence, `"mod+k"` Ctrl or Command, `"/"` a single key. */
export type Keys = Record<string, (event: KeyboardEvent) => void>;

const sequenceTime = 1_200;

export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && (target as HTMLInputElement).type !== "checkbox";
}

export function useKeys(keys: Keys, active = true): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    if (!active) return undefined;
    let lead = "", leadAt = 0;
    const press = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return;
      if (event.ctrlKey || event.metaKey) { run(`mod+${event.key.toLowerCase()}`, event); return; }
      const plain = !event.altKey;
      if (!plain || isTyping(event.target)) return;
      const isSingle = event.key.length === 1;
      if (isSingle && !preferences.get().singleKeys) return;
      const sequence = lead && Date.now() - leadAt < sequenceTime ? `${lead} ${event.key}` : "";
      lead = isSingle ? event.key : "";
      leadAt = Date.now();
      if (sequence && run(sequence, event)) lead = "";
      else run(event.key, event);
    };
    const run = (name: string, event: KeyboardEvent): boolean => {
      const action = latest.current[name];
      if (!action) return false;
      event.preventDefault();
      action(event);
      return true;
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [active]);
}

export const isApple = /Mac|iP(hone|ad)/.test(navigator.platform);
export const modKey = isApple ? "⌘" : "Ctrl ";
