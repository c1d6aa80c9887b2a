// What this browser remembers of its person: theme, row height, keys. The theme is applied before the first paint by
// theme.ts from the same storage.
import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";
export type Density = "comfortable" | "compact";
export interface Preferences { theme: Theme; density: Density; singleKeys: boolean }

export const storageKey = "pulse.preferences";
const initial: Preferences = { theme: "system", density: "comfortable", singleKeys: true };
const listeners = new Set<() => void>();
const darkSystem = matchMedia("(prefers-color-scheme: dark)");

function read(): Preferences {
  try {
    const stored = JSON.parse(localStorage.getItem(storageKey) ?? "{}") as Partial<Preferences>;
    return {
      theme: stored.theme === "light" || stored.theme === "dark" ? stored.theme : "system",
      density: stored.density === "compact" ? "compact" : "comfortable",
      singleKeys: stored.singleKeys !== false,
    };
  } catch {
    return initial;
  }
}

let current = read();

/** The theme in force, whatever it comes from. */
export function shownTheme(theme: Theme): "light" | "dark" {
  return theme === "system" ? (darkSystem.matches ? "dark" : "light") : theme;
}

function apply(): void {
  const root = document.documentElement;
  root.dataset.theme = shownTheme(current.theme);
  root.dataset.density = current.density;
  listeners.forEach((listener) => listener());
}

darkSystem.addEventListener("change", apply);
addEventListener("storage", (event) => { if (event.key === storageKey) { current = read(); apply(); } });

export const preferences = {
  get: (): Preferences => current,
  set(change: Partial<Preferences>): void {
    current = { ...current, ...change };
    try { localStorage.setItem(storageKey, JSON.stringify(current)); } catch { /* a private window: it holds until closed */ }
    apply();
  },
  toggleTheme(): void {
    preferences.set({ theme: shownTheme(current.theme) === "dark" ? "light" : "dark" });
  },
  apply,
};

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The theme in force; repaints when the system's changes as well. */
export const useShownTheme = (): "light" | "dark" => useSyncExternalStore(subscribe, () => shownTheme(current.theme));

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, () => current);
