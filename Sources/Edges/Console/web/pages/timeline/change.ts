// Changes as the wire tells them, and their words.
import { IconName } from "../../kit/Icon";
import { span } from "../../kit/units";

export type ChangeKind = "state_transition" | "activity" | "restart" | "config_update" | "relationship_change";
export interface Change {
  id: string; resourceId: string; resourceName: string; resourceType: string; observedAt: string; kind: ChangeKind; from?: string; to?: string;
  sourceType: string; source: string; actor?: string; confidence: "high" | "medium" | "low"; reason?: string; relatedResources: string[];
}

export const kinds: readonly { kind: ChangeKind; word: string }[] = [
  { kind: "state_transition", word: "Status" }, { kind: "restart", word: "Restarts" }, { kind: "relationship_change", word: "Moves" },
  { kind: "config_update", word: "Configuration" }, { kind: "activity", word: "Appeared and gone" },
];

const activities: Record<string, string> = {
  appeared: "appeared", gone: "is gone", linked: "was said to be one with another", unlinked: "was said to be several",
  "link-withdrawn": "is no longer said to be one with another", "unlink-withdrawn": "is no longer said to be several",
};
const states: Record<string, string> = { online: "healthy", offline: "offline", warning: "warning", unknown: "unknown" };

/** `went offline`, `moved from pve1 to pve2`: what happened, after the name of whom. */
export function changeWords(change: Change): string {
  const { kind, from, to } = change;
  switch (kind) {
    case "state_transition":
      if (to === "online") return from === "offline" ? "is back" : "is healthy again";
      return to === "offline" ? "went offline" : `is now ${states[to ?? ""] ?? to ?? "unknown"}`;
    case "restart": return from === undefined ? "was restarted" : `was restarted after ${span(Number(from))}`;
    case "relationship_change": return from && to ? `moved from ${from} to ${to}` : `moved${to ? ` to ${to}` : ""}`;
    case "activity": return activities[change.reason ?? ""] ?? "appeared";
    case "config_update": return `${partWords(change.reason)}: ${from ?? "unset"} → ${to ?? "unset"}`;
  }
}

/** `proxmox.memoryBytes` as a person says it. */
function partWords(reason: string | undefined): string {
  const last = reason?.split(".").pop() ?? "configuration";
  return last.replace(/Bytes$/, "").replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

export function changeIcon(change: Change): IconName {
  switch (change.kind) {
    case "state_transition": return "activity";
    case "restart": return "refresh";
    case "relationship_change": return "swap";
    case "activity": return change.reason === "gone" ? "minus" : change.reason === "appeared" ? "plus" : "swap";
    case "config_update": return "sliders";
  }
}

const sources: Record<string, string> = { pulse_diff: "seen by Pulse", platform_event: "told by the platform", heuristic: "inferred", user_action: "done by a person", agent_action: "done by an agent" };
/** Who says so, and how surely. */
export const sourceWords = (change: Change): string => [
  change.actor ?? sources[change.sourceType] ?? change.sourceType, change.source, change.confidence === "high" ? "" : `${change.confidence} confidence`,
].filter(Boolean).join(" · ");
