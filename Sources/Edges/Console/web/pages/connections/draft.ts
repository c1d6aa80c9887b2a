// The fields of a connection's form, and what of them is sent.
import { FieldErrors } from "../../kit/form";
import { Connection, defaultPorts, Kind, Means, means, Probe, Trust } from "./connection";

export interface Draft extends Record<string, string> {
  host: string; port: string; way: string; tokenId: string; user: string; secret: string; agentId: string; trust: string; certificates: string; fingerprint: string;
  name: string; cadenceSeconds: string; adaptive: string; siteId: string; tags: string;
  means: string; path: string; question: string; request: string; expected: string;
}

export function emptyDraft(kind: Kind, cadenceSeconds: number): Draft {
  return {
    host: "", port: String(defaultPorts[kind]), way: kind === "vmware" ? "user" : kind === "availability" ? "none" : "token", tokenId: kind === "truenas" ? "pulse" : "pulse@pve!monitor", user: "", secret: "",
    agentId: "", trust: "system", certificates: "", fingerprint: "", name: "", cadenceSeconds: String(cadenceSeconds), adaptive: "no", siteId: "", tags: "",
    means: "https", path: "/", question: "", request: "", expected: "",
  };
}

export function draftOf(connection: Connection): Draft {
  return {
    host: connection.host ?? "", port: String(connection.port), way: connection.tokenId !== undefined ? "token" : connection.user !== undefined ? "user" : "none", tokenId: connection.tokenId ?? "",
    user: connection.user ?? "", secret: "", agentId: connection.agentId ?? "", trust: connection.trust.mode, certificates: connection.trust.certificates ?? "", fingerprint: connection.trust.fingerprint ?? "",
    name: connection.name, cadenceSeconds: String(connection.cadenceSeconds), adaptive: connection.adaptive ? "yes" : "no", siteId: connection.siteId ?? "", tags: connection.tags.join(", "),
    means: connection.probe?.protocol ?? "https", path: connection.probe?.path ?? "/", question: connection.probe?.question ?? "", request: connection.probe?.request ?? "", expected: connection.probe?.expected ?? "",
  };
}

/** What is checked: only what the means has a use for. */
function probeOf(draft: Draft): Probe {
  const protocol = (draft.means in means ? draft.means : "https") as Means;
  const text = (value: string): string | undefined => value === "" ? undefined : value;
  switch (protocol) {
    case "http": case "https": return { protocol, path: text(draft.path.trim()), expected: text(draft.expected) };
    case "dns": return { protocol, question: text(draft.question.trim()) };
    case "udp": return { protocol, request: text(draft.request), expected: text(draft.expected) };
    default: return { protocol };
  }
}

function trustOf(draft: Draft): Trust {
  if (draft.trust === "authorities") return { mode: "authorities", certificates: draft.certificates };
  return draft.trust === "pinned" ? { mode: "pinned", fingerprint: draft.fingerprint } : { mode: "system" };
}

/** Where it is and how one gets in: what a test needs. A port that stands in the address wins over the field. */
export function reach(kind: Kind, draft: Draft): Record<string, unknown> {
  const writesPort = /^(https?:\/\/)?(\[[^\]]+\]|[^:/]+):\d+/.test(draft.host.trim());
  return {
    kind, host: draft.host.trim(), ...writesPort ? {} : { port: Number(draft.port) }, trust: trustOf(draft), agentId: draft.agentId || null, ...kind === "availability" ? { probe: probeOf(draft) } : {},
    ...draft.way === "token" ? { tokenId: draft.tokenId.trim() } : draft.way === "user" ? { user: draft.user.trim() } : {}, ...draft.secret ? { secret: draft.secret } : {},
  };
}

export function whole(kind: Kind, draft: Draft): Record<string, unknown> {
  return {
    ...reach(kind, draft), name: draft.name.trim(), cadenceSeconds: Number(draft.cadenceSeconds), ...kind === "availability" ? {} : { adaptive: draft.adaptive === "yes" }, siteId: draft.siteId || null,
    tags: draft.tags.split(",").map((tag) => tag.trim()).filter(Boolean),
  };
}

/** A stored secret goes only to the place that it was entered for. */
export function wantsSecret(old: Connection | undefined, draft: Draft): boolean {
  if (draft.way === "none") return false;
  if (!old) return true;
  const before = draftOf(old);
  return (["host", "port", "way", "tokenId", "user", "agentId", "trust", "certificates", "fingerprint"] as const).some((name) => before[name].trim() !== draft[name].trim());
}

export function reachErrors(old: Connection | undefined, draft: Draft): FieldErrors<Draft> {
  const port = Number(draft.port);
  return {
    host: draft.host.trim() === "" ? "Type the address of one node, or paste the URL of its pages." : undefined,
    port: !Number.isInteger(port) || port < 1 || port > 65_535 ? "1 to 65535." : undefined,
    tokenId: draft.way === "token" && draft.tokenId.trim() === "" ? "Type the token's id." : undefined,
    user: draft.way === "user" && draft.user.trim() === "" ? "Type the user's name." : undefined,
    secret: draft.secret === "" && wantsSecret(old, draft) ? old ? "Enter the secret again: it is sent to another place, or under another trust." : "Paste the secret that was shown once." : undefined,
    certificates: draft.trust === "authorities" && !draft.certificates.includes("BEGIN CERTIFICATE") ? "Paste the authority's certificate as PEM." : undefined,
  };
}

/** `trust.fingerprint` and the like are told about members, the form has fields. */
export function fieldFor(member: string | undefined): string | undefined {
  if (member?.startsWith("probe.")) return member === "probe.protocol" ? "means" : member.slice(6);
  return member?.startsWith("trust.") ? { "trust.certificates": "certificates", "trust.fingerprint": "fingerprint" }[member] ?? "trust" : member;
}
