// A toast answers something the person did; it may offer to take it back.
import { useEffect, useSyncExternalStore } from "react";
import { Button } from "./Button";
import { Mark, StatusMark } from "./Status";

interface ToastContent { mark?: Mark; title: string; text?: string; undo?: () => void }
interface ToastEntry extends ToastContent { id: number }

/** Long enough to read and to reach Undo. */
const lifetime = 8_000, most = 3;
let toasts: readonly ToastEntry[] = [];
let nextID = 1;
const listeners = new Set<() => void>();

function set(next: readonly ToastEntry[]): void {
  toasts = next;
  listeners.forEach((listener) => listener());
}

export function toast(content: ToastContent): void {
  set([...toasts, { ...content, id: nextID }].slice(-most));
  nextID += 1;
}

const dismiss = (id: number): void => set(toasts.filter((entry) => entry.id !== id));

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function Toasts(): JSX.Element {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((entry) => <Toast key={entry.id} entry={entry} />)}
    </div>
  );
}

function Toast({ entry }: { entry: ToastEntry }): JSX.Element {
  useEffect(() => {
    const timer = setTimeout(() => dismiss(entry.id), lifetime);
    return () => clearTimeout(timer);
  }, [entry.id]);
  return (
    <div className="toast">
      <StatusMark mark={entry.mark ?? "ok"} />
      <div className="grow"><strong>{entry.title}</strong>{entry.text && <p>{entry.text}</p>}</div>
      {entry.undo && <Button small label="Undo" onClick={() => { dismiss(entry.id); entry.undo?.(); }} />}
      <Button small tone="quiet" icon="x" iconOnly label="Dismiss" onClick={() => dismiss(entry.id)} />
    </div>
  );
}
