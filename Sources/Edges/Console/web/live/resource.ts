// A machine as the server tells it. Unknown members are absent, never 0.
export type ResourceStatus = "online" | "offline" | "warning" | "unknown";
/** As it is shown: what somebody switched off does not answer either, but nobody has to act. */
export type Standing = ResourceStatus | "stopped";

export interface Share { percent?: number; value?: number; used?: number; total?: number }
export interface Rate { value?: number }

export interface Metrics {
  cpu?: Share; memory?: Share; disk?: Share;
  netIn?: Rate; netOut?: Rate; diskRead?: Rate; diskWrite?: Rate;
}

export interface Disk {
  device?: string; mountpoint: string; filesystem?: string;
  totalBytes?: number; usedBytes?: number; freeBytes?: number; usage?: number;
}

export interface NetworkInterface {
  name: string; mac?: string; addresses?: string[]; rxBytesPerSecond?: number; txBytesPerSecond?: number;
}

export interface AgentFacts {
  agentId?: string; version?: string; hostname?: string; cpuModel?: string; platform?: string; osName?: string; osVersion?: string;
  kernelVersion?: string; architecture?: string; cpuCount?: number; cpuPerCore?: number[]; loadAverage?: number[];
  memory?: { totalBytes?: number; usedBytes?: number; availableBytes?: number; swapTotalBytes?: number; swapUsedBytes?: number };
  disks?: Disk[]; network?: NetworkInterface[]; temperatures?: Record<string, number>; reportIntervalSeconds?: number;
}

/** A container, what an engine holds, or the engine of a host. */
export interface DockerFacts {
  runtime?: string; runtimeVersion?: string; storageDriver?: string; swarmRole?: string; swarmClusterName?: string;
  containerId?: string; image?: string; composeProject?: string; composeService?: string; networks?: string[];
  ports?: { privatePort?: number; publicPort?: number; protocol?: string; ip?: string }[];
  repoTags?: string[]; sizeBytes?: number; driver?: string; scope?: string; subnets?: string[];
  mode?: string; desiredTasks?: number; stack?: string; role?: string; availability?: string; nodeName?: string;
}

export interface DockerStatus {
  state?: string; status?: string; error?: string; health?: string; restartCount?: number; exitCode?: number; oomKilled?: boolean;
  containers?: number; running?: number; runningTasks?: number; sizeBytes?: number; refCount?: number; pids?: number;
  degraded?: { part: string; detail: string }[];
}

export interface Resource {
  id: string;
  type: string;
  technology?: string;
  name: string;
  status: ResourceStatus;
  /** RFC 3339. */
  lastSeen?: string;
  updatedAt?: string;
  sources?: string[];
  identity?: { machineId?: string; dmiUuid?: string; hostnames?: string[]; ipAddresses?: string[]; macAddresses?: string[] };
  canonicalIdentity?: { displayName?: string; hostname?: string; primaryId?: string };
  metricsTarget?: { resourceType: string; resourceId: string };
  metrics?: Metrics;
  uptime?: number;
  temperature?: number;
  tags?: string[];
  agent?: AgentFacts;
  /** What it runs on or belongs to. */
  parentId?: string;
  parentName?: string;
  proxmox?: {
    vmid?: number; node?: string; cluster?: string; version?: string; cpus?: number; cpuThreads?: number; cpuModel?: string; memoryBytes?: number;
  };
  storage?: { type?: string; shared?: boolean; content?: string[]; path?: string; pool?: string };
  physicalDisk?: { model?: string; serial?: string; device?: string; sizeBytes?: number };
  availability?: { protocol?: string; port?: number; path?: string; question?: string; failureThreshold?: number };
  availabilityStatus?: {
    outcome?: string; error?: string; latencyMillis?: number; lossPercent?: number; consecutiveFailures?: number; fallback?: string;
    certificate?: { subject?: string; issuer?: string; notAfter?: string; daysLeft?: number; trustStatus?: string };
  };
  docker?: DockerFacts;
  dockerStatus?: DockerStatus;
  diskHealth?: { health?: string; lifeLeftPercent?: number };
  proxmoxStatus?: { status?: string };
}

/** A merge patch (RFC 7396) for one resource, named by `id`. */
export type ResourcePatch = { id: string } & { [member: string]: unknown };

export interface Delta { upserts?: ResourcePatch[]; removed?: string[] }
export interface Head { epoch: number; seq: number }

/** Whole enough to show. A machine that nobody has heard of yet has no status: that is unknown, not down. */
export function whole(told: Partial<Resource>): Resource | undefined {
  if (typeof told.id !== "string" || typeof told.name !== "string") return undefined;
  return (told.status === undefined ? { ...told, status: "unknown" } : told) as Resource;
}

export function displayName(resource: Resource): string {
  return resource.canonicalIdentity?.displayName || resource.name;
}

/** What it is, in a word: of a machine its system. */
function kindWord(resource: Resource): string {
  switch (resource.type) {
    case "vm": return `VM ${resource.proxmox?.vmid ?? ""}`.trim();
    case "system-container": return `Container ${resource.proxmox?.vmid ?? ""}`.trim();
    case "storage": return resource.storage?.type ? `Storage, ${resource.storage.type}` : "Storage";
    case "physical_disk": return "Disk";
    case "ceph": return "Ceph";
    case "app-container": return resource.docker?.composeProject ? `Container of ${resource.docker.composeProject}` : "Container";
    case "docker-service": return "Service";
    case "docker-task": return "Task";
    case "docker-image": return "Image";
    case "docker-volume": return "Volume";
    case "docker-network": return "Network";
    case "docker-swarm-node": return "Swarm node";
    default: break;
  }
  const agent = resource.agent;
  const name = agent?.osName?.replace(" GNU/Linux", "");
  const system = [name, agent?.osVersion].filter(Boolean).join(" ") || agent?.platform;
  if (resource.proxmox) return system ? `Proxmox VE, ${system}` : "Proxmox VE node";
  return system || "Linux host";
}

/** `Debian 12 · 10.20.0.13`, `VM 115 on east-3`: the line under the name. */
export function subtitle(resource: Resource): string {
  const kind = kindWord(resource);
  const place = resource.parentName ? `${kind} on ${resource.parentName}` : kind;
  const address = resource.identity?.ipAddresses?.find((candidate) => !/^(127\.|::1|fe80:)/.test(candidate));
  return address ? `${place} · ${address}` : place;
}

/** The sign before the name. */
export function kindIcon(resource: Resource): "server" | "vm" | "container" | "storage" | "hex" {
  switch (resource.type) {
    case "vm": return "vm";
    case "system-container": case "app-container": case "docker-task": return "container";
    case "docker-image": case "docker-volume": return "storage";
    case "docker-service": case "docker-network": return "hex";
    case "storage": case "physical_disk": return "storage";
    case "ceph": return "hex";
    default: return "server";
  }
}

/** A kind of thing, alone. */
export function typeWord(type: string): string {
  return typeWords[type] ?? type.charAt(0).toUpperCase() + type.slice(1).replace(/[-_]/g, " ");
}
const typeWords: Record<string, string> = {
  agent: "Machines", vm: "Virtual machines", "system-container": "System containers", "app-container": "Application containers", "docker-service": "Swarm services",
  "docker-task": "Swarm tasks", "docker-image": "Images", "docker-volume": "Volumes", "docker-network": "Docker networks", "docker-swarm-node": "Swarm nodes", storage: "Storages",
  physical_disk: "Disks", ceph: "Ceph", pbs: "Backup servers", pmg: "Mail gateways", network: "Networks", "network-endpoint": "Probes",
};

/** Nothing is heard of it now: what is shown of it is old, or was never known. */
export const isSilent = (resource: Resource): boolean => resource.status === "offline" || resource.status === "unknown";

export function standing(resource: Resource): Standing {
  const { status } = resource;
  if (status === "offline" && resource.proxmoxStatus?.status === "stopped") return "stopped";
  return status === "online" || status === "offline" || status === "warning" ? status : "unknown";
}

/** Milliseconds, or undefined when it was never heard of. */
export function seenAt(resource: Resource): number | undefined {
  const at = resource.lastSeen === undefined ? NaN : Date.parse(resource.lastSeen);
  return Number.isNaN(at) ? undefined : at;
}
