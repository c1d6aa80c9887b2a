// The inventory as people look for it: what carries, what runs, what keeps, and the disks below.
import { IconName } from "../kit/Icon";
import { Resource } from "./resource";

export type SectionName = "infrastructure" | "workloads" | "storage" | "disks";

export interface Section {
  name: SectionName;
  path: string;
  title: string;
  one: string;
  many: string;
  icon: IconName;
  /** Letters that lead there. */
  keys?: string;
  /** What to do when there is none of it. */
  none: string;
}

export const sections: Record<SectionName, Section> = {
  infrastructure: {
    name: "infrastructure", path: "/infrastructure", title: "Infrastructure", one: "machine", many: "machines", icon: "server", keys: "G I",
    none: "Install the agent on one machine. It takes about a minute, opens no port and only reads.",
  },
  workloads: {
    name: "workloads", path: "/workloads", title: "Workloads", one: "workload", many: "workloads", icon: "vm", keys: "G W",
    none: "Virtual machines and containers appear here by themselves once the platform that runs them is connected.",
  },
  storage: {
    name: "storage", path: "/storage", title: "Storage", one: "storage", many: "storages", icon: "storage", keys: "G S",
    none: "Storages, pools and volumes appear here by themselves once the platform that holds them is connected.",
  },
  disks: {
    name: "disks", path: "/disks", title: "Disks", one: "disk", many: "disks", icon: "list", keys: "G D",
    none: "Physical disks appear here with their health and wear once the platform that has them is connected.",
  },
};

export const sectionNames: readonly SectionName[] = ["infrastructure", "workloads", "storage", "disks"];

const places: Record<string, SectionName> = {
  vm: "workloads", "system-container": "workloads", "app-container": "workloads", "docker-service": "workloads", "docker-task": "workloads",
  storage: "storage", ceph: "storage", "docker-volume": "storage", "docker-image": "storage",
  physical_disk: "disks",
};

/** A kind that nobody has placed yet is shown with the machines, rather than nowhere. */
export const sectionOf = (type: string): SectionName => places[type] ?? "infrastructure";

/** Where a thing is shown, its drawer open. */
export const resourcePath = (resource: Pick<Resource, "id" | "type">): string => `${sections[sectionOf(resource.type)].path}/${resource.id}`;
