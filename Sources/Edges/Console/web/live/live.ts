// The one live view of the organisation on screen: its machines and how well we hear of them.
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { flushSync } from "react-dom";
import { get } from "../kit/api";
import { APIProblem, asProblem } from "../kit/problem";
import { LinkState, LiveSocket } from "./LiveSocket";
import { Counts, ResourceStore } from "./ResourceStore";
import { Resource } from "./resource";
import { SectionName } from "./sections";

export const resources = new ResourceStore(flushSync);

export interface LiveStatus {
  link: LinkState;
  /** Why nothing could be loaded at all; cleared by the first state. */
  problem: APIProblem | undefined;
}

let status: LiveStatus = { link: { kind: "closed" }, problem: undefined };
let socket: LiveSocket | undefined;
const listeners = new Set<() => void>();

function setStatus(change: Partial<LiveStatus>): void {
  const next = { ...status, ...change };
  if (next.problem === status.problem && sameLink(next.link, status.link)) return;
  status = next;
  listeners.forEach((listener) => listener());
}

function sameLink(one: LinkState, other: LinkState): boolean {
  return one.kind === other.kind && one.kind !== "lost";
}

export interface LiveOwner { orgChanged: (orgID: string) => void; signedOut: () => void }

export function startLive(orgID: string, owner: LiveOwner): void {
  stopLive();
  socket = new LiveSocket({
    state: (list) => { resources.replaceAll(list); setStatus({ problem: undefined }); },
    delta: (delta) => resources.apply(delta),
    link: (link) => { setStatus({ link }); if (link.kind === "lost" && !resources.loaded) void explain(); },
    welcome: (seen) => { if (seen !== undefined && seen !== orgID) owner.orgChanged(seen); },
    signedOut: owner.signedOut,
  });
}

export function stopLive(): void {
  socket?.close();
  socket = undefined;
  resources.clear();
  status = { link: { kind: "closed" }, problem: undefined };
  listeners.forEach((listener) => listener());
}

export function reconnectNow(): void {
  socket?.tryNow();
}

/** A socket cannot say why it was refused; the list over plain HTTP can. */
async function explain(): Promise<void> {
  try {
    await get("/api/resources?limit=1", { tries: 1, timeout: 5_000 });
  } catch (error) {
    if (!resources.loaded) setStatus({ problem: asProblem(error) });
  }
}

function subscribeStatus(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useLiveStatus(): LiveStatus {
  return useSyncExternalStore(subscribeStatus, () => status);
}

export const subscribeResources = (listener: () => void): (() => void) => resources.subscribe(listener);

/** Repaints with every paint of the store. */
export function useResourcesVersion(): number {
  return useSyncExternalStore(subscribeResources, () => resources.version);
}

/** How many things of a section there are, of all without one; undefined before the first full state. */
export function useResourceCount(section?: SectionName): number | undefined {
  return useSyncExternalStore(subscribeResources, () => resources.loaded ? (section ? resources.sections[section].all : resources.size) : undefined);
}

/** The newest reading of any machine, milliseconds. */
export function useNewestReading(): number | undefined {
  return useSyncExternalStore(subscribeResources, () => resources.newestReading);
}

/** Repaints when a status changed, or a machine came or went. */
export function useStatusVersion(): number {
  return useSyncExternalStore(subscribeResources, () => resources.statusVersion);
}

export function useResource(id: string | undefined): Resource | undefined {
  return useSyncExternalStore(subscribeResources, () => id === undefined ? undefined : resources.get(id));
}

export function useCounts(section?: SectionName): Counts {
  return useSyncExternalStore(subscribeResources, () => section ? resources.sections[section] : resources.counts);
}

/** Since when, in words the page can use: undefined while all is well. */
export interface Outage { since: number; nextTry: number | undefined; level: "reconnecting" | "offline" }

/** A lost line is nobody's business for 3 s; after 15 s it needs the ribbon. */
export function useOutage(): Outage | undefined {
  const { link } = useLiveStatus();
  const since = link.kind === "lost" ? link.since : undefined;
  const [level, setLevel] = useState<Outage["level"] | undefined>();
  useEffect(() => {
    if (since === undefined) { setLevel(undefined); return undefined; }
    const soon = setTimeout(() => setLevel("reconnecting"), 3_000);
    const later = setTimeout(() => setLevel("offline"), 15_000);
    return () => { clearTimeout(soon); clearTimeout(later); };
  }, [since]);
  return useMemo(
    () => level && link.kind === "lost" ? { since: link.since, nextTry: link.nextTry, level } : undefined, [level, link]);
}

export { useAfter } from "../kit/after";
