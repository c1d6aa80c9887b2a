// The address is the state: path and query say everything a colleague needs to see the same.
import { AnchorHTMLAttributes, MouseEvent, useEffect, useMemo, useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let snapshot = location.pathname + location.search;

function changed(): void {
  snapshot = location.pathname + location.search;
  listeners.forEach((listener) => listener());
}

addEventListener("popstate", changed);

export interface NavigateOptions { replace?: boolean; state?: unknown; keepScroll?: boolean }

export function navigate(to: string, options: NavigateOptions = {}): void {
  if (options.replace) history.replaceState(options.state ?? null, "", to);
  else history.pushState(options.state ?? null, "", to);
  if (!options.keepScroll) scrollTo(0, 0);
  changed();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export interface Place { path: string; query: URLSearchParams }

export function usePlace(): Place {
  const address = useSyncExternalStore(subscribe, () => snapshot);
  return useMemo(() => {
    const [path = "/", query = ""] = address.split("?", 2);
    return { path, query: new URLSearchParams(query) };
  }, [address]);
}

/** `/infrastructure/{id}` against `/infrastructure/42` gives `{id: "42"}`. */
export function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const seen = path.replace(/\/+$/, "").split("/");
  if (wanted.length !== seen.length) return undefined;
  const found: Record<string, string> = {};
  for (let index = 0; index < wanted.length; index += 1) {
    const part = wanted[index] ?? "", value = seen[index] ?? "";
    if (part.startsWith("{")) {
      try { found[part.slice(1, -1)] = decodeURIComponent(value); } catch { return undefined; }
    } else if (part !== value) return undefined;
  }
  return found;
}

/** The present query with some members set, or removed where the value is undefined or empty. */
export function queryWith(query: URLSearchParams, changes: Record<string, string | undefined>): string {
  const next = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value); else next.delete(name);
  }
  const text = next.toString();
  return text ? `?${text}` : "";
}

/** Where one begins. */
export const home = "/dashboard";

/** A path of our own to go to after signing in; anything else would be an open door to another site. */
export function safePath(path: string | null | undefined, otherwise = home): string {
  return path && /^\/(?![/\\])/.test(path) && !path.startsWith("/login") ? path : otherwise;
}

interface LinkProps extends AnchorHTMLAttributes<HTMLAnchorElement> { to: string; replace?: boolean; keepScroll?: boolean }

export function Link({ to, replace, keepScroll, onClick, ...rest }: LinkProps): JSX.Element {
  function follow(event: MouseEvent<HTMLAnchorElement>): void {
    onClick?.(event);
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (event.defaultPrevented || !plain) return;
    event.preventDefault();
    navigate(to, { replace, keepScroll });
  }
  return <a href={to} onClick={follow} {...rest} />;
}

export function useTitle(title: string): void {
  useEffect(() => { document.title = title ? `${title} · Pulse` : "Pulse"; }, [title]);
}
