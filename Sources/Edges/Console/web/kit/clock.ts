// One ticking second for all ages on the page, corrected to the server's clock; a hidden tab does not tick.
import { useSyncExternalStore } from "react";

let offset = 0;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/** The server's time as far as we know it, milliseconds. */
export const serverNow = (): number => Date.now() + offset;

/** A message of the server carried its clock. The way to us takes time, so the least lag seen is the truest. */
export function observeServerTime(timestamp: number): void {
  const seen = timestamp - Date.now();
  if (Math.abs(seen - offset) > 5_000 || seen > offset) offset = seen;
}

function tick(): void {
  if (document.hidden) return;
  now = Math.floor(serverNow() / 1000) * 1000;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) { clearInterval(timer); timer = undefined; }
  };
}

document.addEventListener("visibilitychange", tick);

/** The server's time in whole seconds, as milliseconds; the component repaints every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => {
    if (listeners.size === 0) now = Math.floor(serverNow() / 1000) * 1000;
    return now;
  });
}

/** The end of the running minute, milliseconds: repaints once a minute. */
export function useMinute(): number {
  return useSyncExternalStore(subscribe, () => Math.ceil(serverNow() / 60_000) * 60_000);
}
