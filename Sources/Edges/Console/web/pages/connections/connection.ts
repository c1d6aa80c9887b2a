// Connections as the wire tells them, and their words.
import { Mark } from "../../kit/Status";

export const connectionsPath = "/api/connections";

export type Kind = "pve" | "pbs" | "pmg" | "truenas" | "vmware" | "availability";
export type State = "pending" | "ok" | "degraded" | "failing" | "parked" | "disabled";
export interface Degraded { part: string; reason: string; detail: string }
export interface Health {
  state: State; checkedAt?: string; okAt?: string; reason?: string; detail?: string; latencyMs?: number; nextPollAt?: string;
  version?: string; instanceName?: string; discovered?: Record<string, number>; degraded: Degraded[]; consecutiveFailures: number;
}
export interface Trust { mode: "system" | "authorities" | "pinned"; certificates?: string; fingerprint?: string }
export type Means = "icmp" | "tcp" | "udp" | "http" | "https" | "dns" | "tls";
export interface Probe { protocol: Means; path?: string; question?: string; request?: string; expected?: string; allowSilence?: boolean; timeoutMillis?: number; failureThreshold?: number; expiryWarningDays?: number }
export interface Connection {
  id: string; kind: Kind; name: string; host?: string; port: number; trust: Trust; tokenId?: string; user?: string; secretSet: boolean;
  cadenceSeconds: number; adaptive: boolean; enabled: boolean; siteId?: string; tags: string[]; agentId?: string; probe?: Probe; revision: number; createdAt: string; changedAt: string; health: Health;
}
export interface KindInfo { kind: Kind; title: string; defaultPort: number; supported: boolean; cadence: { leastSeconds: number; normalSeconds: number; mostSeconds: number } }
export interface Certificate { fingerprint: string; subject: string; issuer: string; notAfter: string; trusted: boolean }
export interface Existing { connectionId: string; name: string; why: "same-address" | "same-platform" }
export interface TestResult {
  ok: boolean; reason?: string; detail?: string; version?: string; instanceName?: string; latencyMs?: number; discovered?: Record<string, number>;
  degraded: Degraded[]; certificate?: Certificate; existing?: Existing[];
}

const titles: Record<Kind, string> = {
  pve: "Proxmox VE", pbs: "Proxmox Backup Server", pmg: "Proxmox Mail Gateway", truenas: "TrueNAS", vmware: "VMware vCenter", availability: "Availability checks",
};
export const kindTitle = (kind: string): string => titles[kind as Kind] ?? kind;
export const isKind = (kind: string | undefined): kind is Kind => kind !== undefined && kind in titles;

/** How it answers, in a word. Silent is not refused: the one may end by itself. */
export function answers(health: Health): { mark: Mark; word: string } {
  switch (health.state) {
    case "ok": return { mark: "ok", word: "Healthy" };
    case "degraded": return { mark: "warning", word: "Partial" };
    case "pending": return { mark: "pending", word: "Waiting" };
    case "disabled": return { mark: "paused", word: "Off" };
    case "parked": return { mark: "critical", word: health.reason === "authentication" ? "Refused" : "Parked" };
    case "failing": return ["timeout", "unreachable", "gateway"].includes(health.reason ?? "") ? { mark: "offline", word: "Silent" } : { mark: "critical", word: "Failing" };
  }
}

const reasons: Record<string, string> = {
  authentication: "Sign-in refused", permission: "A privilege is missing", unreachable: "Not reachable", timeout: "No answer in time", "untrusted-certificate": "Certificate not trusted",
  "certificate-changed": "Certificate changed", "forbidden-address": "Address not allowed", "bad-answer": "Answer not understood", "too-large": "Answer too large",
  "rate-limited": "Asked to slow down", "server-error": "Server error", unsupported: "Not supported", misconfigured: "Settings cannot work", gateway: "Gateway in the way",
};
export const reasonWords = (reason: string | undefined): string => reasons[reason ?? ""] ?? "It failed";

/** What the person can do about it; empty where waiting is all there is. */
export function advice(reason: string | undefined): string {
  switch (reason) {
    case "authentication": return "Check the token id and its secret, and that the token has not expired.";
    case "permission": return "Grant the privilege on / to the user, and to the token where privileges are separated.";
    case "untrusted-certificate": return "Compare the fingerprint with the machine, then trust exactly this certificate.";
    case "certificate-changed": return "If you renewed it, compare the new fingerprint and trust that one. If not, somebody may stand in between.";
    case "forbidden-address": return "Private and reserved networks are reached through an agent inside them.";
    case "unreachable": case "timeout": return "Check address and port, and whether a firewall lets us in.";
    case "gateway": return "See under Gateways that its agent is connected, and that its administrator allows this target.";
    default: return "";
  }
}

const nouns: Record<string, [string, string]> = {
  agent: ["node", "nodes"], vm: ["VM", "VMs"], "system-container": ["container", "containers"], storage: ["storage", "storages"], ceph: ["Ceph", "Ceph"],
  physical_disk: ["disk", "disks"], pbs: ["backup server", "backup servers"], pmg: ["mail gateway", "mail gateways"], network: ["network", "networks"],
  "network-endpoint": ["target", "targets"], "app-container": ["app", "apps"],
};
const order = ["agent", "vm", "system-container", "storage", "ceph", "physical_disk"];

/** `3 nodes, 18 VMs, 5 storages`; empty when nothing is known. */
export function foundWords(discovered: Record<string, number> | undefined): string {
  const place = (type: string): number => order.includes(type) ? order.indexOf(type) : order.length;
  return Object.entries(discovered ?? {}).filter(([, count]) => count > 0).sort(([a], [b]) => place(a) - place(b))
    .map(([type, count]) => `${count.toLocaleString("en")} ${(nouns[type] ?? [type, `${type}s`])[count === 1 ? 0 : 1]}`).join(", ");
}

const parts: Record<string, string> = {
  "guest-agent": "Guest agents", storage: "Storages", ceph: "Ceph", updates: "Pending updates", disks: "Disks", replication: "Replication", backups: "Backups", tasks: "Tasks", zfs: "ZFS pools", ha: "High availability",
};
export const partWords = (part: string): string => parts[part] ?? part.charAt(0).toUpperCase() + part.slice(1);

/** Exactly what is asked again when; `undefined` where the state says it all. */
export function nextWords(connection: Connection, now: number): string {
  const { state, nextPollAt } = connection.health;
  if (state === "disabled") return "off";
  if (state === "parked") return "parked";
  if (!nextPollAt) return "soon";
  const seconds = Math.ceil((Date.parse(nextPollAt) - now) / 1000);
  if (seconds <= 0) return "now";
  return seconds < 90 ? `in ${seconds} s` : `in ${Math.round(seconds / 60)} min`;
}

export const addressWords = (connection: Connection): string => {
  if (!connection.host) return "address sealed";
  const host = connection.host.includes(":") ? `[${connection.host}]` : connection.host;
  return connection.port === defaultPorts[connection.kind] ? connection.host : `${host}:${connection.port}`;
};
/** What is checked, as people call it, and at which port that usually is. */
export const means: Record<Means, { title: string; port: number }> = {
  https: { title: "A page over https", port: 443 }, http: { title: "A page over http", port: 80 }, tcp: { title: "A TCP port", port: 443 }, tls: { title: "A certificate", port: 443 },
  icmp: { title: "Ping", port: 443 }, dns: { title: "A name server", port: 53 }, udp: { title: "A UDP service", port: 161 },
};
/** What of the host an agent's administrator has to allow for it, as their list has it. */
export const allowedAs = (kind: string, port: string): string =>
  kind === "icmp" ? ":icmp" : kind === "udp" ? `:${port}/udp` : kind === "dns" ? `:${port}/udp or :${port}` : `:${port}`;
export const defaultPorts: Record<Kind, number> = { pve: 8006, pbs: 8007, pmg: 8006, truenas: 443, vmware: 443, availability: 443 };
