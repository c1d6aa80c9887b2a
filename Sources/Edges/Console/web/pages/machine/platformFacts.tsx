import { ReactNode } from "react";
import { Link } from "../../kit/router";
import { bytes } from "../../kit/units";
import { resources } from "../../live/live";
import { Resource } from "../../live/resource";
import { resourcePath } from "../../live/sections";

/** What a platform tells of a thing that it holds. */
export function platformFacts(resource: Resource): [string, ReactNode][] {
  const { proxmox, storage, physicalDisk, diskHealth } = resource;
  const facts: [string, ReactNode][] = [];
  if (resource.parentId && resource.parentName) facts.push(["Runs on", <Link to={parentPath(resource.parentId)}>{resource.parentName}</Link>]);
  facts.push(["Cluster", proxmox?.cluster]);
  facts.push(["Number", proxmox?.vmid]);
  facts.push(["Version", proxmox?.version]);
  facts.push(["Processors", proxmox?.cpus ?? (proxmox?.cpuThreads === undefined ? undefined : `${proxmox.cpuThreads} threads, ${proxmox.cpuModel ?? ""}`)]);
  facts.push(["Memory", size(proxmox?.memoryBytes)]);
  facts.push(["Storage", storage?.type === undefined ? undefined : [storage.type, storage.shared ? "shared" : "", (storage.content ?? []).join(", ")].filter(Boolean).join(" · ")]);
  facts.push(["Path", storage?.path ?? storage?.pool]);
  facts.push(["Model", physicalDisk?.model]);
  facts.push(["Serial number", physicalDisk?.serial === undefined ? undefined : <span className="mono">{physicalDisk.serial}</span>]);
  facts.push(["Device", physicalDisk?.device === undefined ? undefined : <span className="mono">{physicalDisk.device}</span>]);
  facts.push(["Size", size(physicalDisk?.sizeBytes)]);
  facts.push(["Health", diskHealth?.health]);
  facts.push(["Life left", diskHealth?.lifeLeftPercent === undefined ? undefined : `${diskHealth.lifeLeftPercent} %`]);
  return facts;
}

function size(value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  const measure = bytes(value);
  return `${measure.value} ${measure.unit}`;
}

const parentPath = (id: string): string => resourcePath(resources.get(id) ?? { id, type: "agent" });
