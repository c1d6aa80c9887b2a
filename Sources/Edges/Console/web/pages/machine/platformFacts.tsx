import { ReactNode } from "react";
import { Link } from "../../kit/router";
import { bytes } from "../../kit/units";
import { resources } from "../../live/live";
import { Resource } from "../../live/resource";
import { resourcePath } from "../../live/sections";
import { portWords, stateWords } from "./docker";

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
  return [...facts, ...dockerFacts(resource), ...checkFacts(resource)];
}

/** Of a container, of what an engine holds, or of the engine of a host. */
function dockerFacts(resource: Resource): [string, ReactNode][] {
  const { docker, dockerStatus } = resource;
  if (!docker) return [];
  const isHost = resource.type === "agent";
  const swarm = docker.swarmRole ? `${docker.swarmRole} of ${docker.swarmClusterName ?? "a swarm"}` : undefined;
  return [
    ["Containers", isHost ? [`${docker.runtime ?? "docker"} ${docker.runtimeVersion ?? ""}`.trim(), dockerStatus?.error ?? counted(dockerStatus?.running, dockerStatus?.containers), swarm].filter(Boolean).join(", ") : undefined],
    ["Not read", dockerStatus?.degraded?.map((one) => `${one.part} (${one.detail})`).join(", ")],
    ["State", resource.type === "app-container" ? stateWords(resource) : undefined],
    ["Restarts", dockerStatus?.restartCount],
    ["Killed for memory", dockerStatus?.oomKilled ? "yes" : undefined],
    ["Image", docker.image === undefined ? undefined : <span className="mono">{docker.image}</span>],
    ["Ports", portWords(docker)],
    ["Compose", docker.composeProject === undefined ? undefined : `${docker.composeProject} / ${docker.composeService ?? ""}`],
    ["Networks", docker.networks?.join(", ")],
    ["Tags", docker.repoTags?.join(", ")],
    ["Size", isHost ? undefined : size(docker.sizeBytes ?? dockerStatus?.sizeBytes)],
    ["Driver", docker.driver],
    ["Subnets", docker.subnets?.join(", ")],
    ["Tasks", docker.desiredTasks === undefined ? undefined : `${dockerStatus?.runningTasks ?? 0} of ${docker.desiredTasks} running`],
    ["Node", docker.nodeName],
    ["Role", docker.role === undefined ? undefined : [docker.role, docker.availability].filter(Boolean).join(", ")],
  ];
}

/** Of a check from outside. */
function checkFacts({ availability: check, availabilityStatus: told }: Resource): [string, ReactNode][] {
  if (!check) return [];
  const certificate = told?.certificate;
  return [
    ["Check", [check.protocol, check.port === undefined ? "" : `port ${check.port}`, check.path ?? check.question].filter(Boolean).join(", ")],
    ["Found", told?.error ?? told?.outcome],
    ["Answer after", told?.latencyMillis === undefined ? undefined : `${told.latencyMillis.toFixed(1)} ms`],
    ["Lost", told?.lossPercent === undefined ? undefined : `${told.lossPercent.toFixed(0)} %`],
    ["Instead", told?.fallback],
    ["Certificate", certificate === undefined ? undefined : `${certificate.trustStatus ?? ""}, ${certificate.daysLeft ?? "?"} days left, ${certificate.subject ?? ""}`],
  ];
}

function counted(running: number | undefined, all: number | undefined): string | undefined {
  return running === undefined || all === undefined ? undefined : `${running} of ${all} running`;
}

function size(value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  const measure = bytes(value);
  return `${measure.value} ${measure.unit}`;
}

const parentPath = (id: string): string => resourcePath(resources.get(id) ?? { id, type: "agent" });
