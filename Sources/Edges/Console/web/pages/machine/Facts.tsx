import { ReactNode } from "react";
import { serverNow } from "../../kit/clock";
import { bytesOf, dateTime, longSpan } from "../../kit/units";
import { Resource } from "../../live/resource";
import { platformFacts } from "./platformFacts";

/** What the machine is. A fact that is not known is not listed. */
export function Facts({ resource }: { resource: Resource }): JSX.Element {
  const { agent, identity, uptime } = resource;
  const facts: [string, ReactNode][] = [];
  const add = (name: string, value: ReactNode): void => { if (value !== undefined && value !== "" && value !== null) facts.push([name, value]); };
  const system = [agent?.osName, agent?.osVersion].filter(Boolean).join(" ");
  add("System", [system, agent?.kernelVersion ? `kernel ${agent.kernelVersion}` : ""].filter(Boolean).join(", "));
  const cores = agent?.cpuCount === undefined ? "" : `${agent.cpuCount} ${agent.cpuCount === 1 ? "core" : "cores"}`;
  add("Processor", [agent?.cpuModel, cores, agent?.architecture].filter(Boolean).join(", "));
  for (const [name, value] of platformFacts(resource)) add(name, value);
  add("Load", agent?.loadAverage && agent.loadAverage.length > 0 ? <>{agent.loadAverage.map((load) => load.toFixed(2)).join(" · ")} <span className="faint">1, 5, 15 min</span></> : undefined);
  add("Swap", swap(resource));
  add("Temperatures", temperatures(agent?.temperatures));
  add("Uptime", uptime === undefined ? undefined : <>{longSpan(uptime)}, <span className="faint">since {dateTime(new Date(serverNow() - uptime * 1000))}</span></>);
  add("Addresses", list(identity?.ipAddresses));
  add("Interfaces", list(agent?.network?.map((one) => one.name)));
  add("Host name", agent?.hostname ? <span className="mono">{agent.hostname}</span> : undefined);
  add("Machine id", identity?.machineId ? <span className="mono">{identity.machineId}</span> : undefined);
  add("Agent", agent?.version ? `${agent.version}${agent.reportIntervalSeconds ? `, reports every ${agent.reportIntervalSeconds} s` : ""}` : undefined);
  return (
    <section className="section" aria-label="Facts">
      <div className="section-head"><h2>Facts</h2></div>
      <dl className="kv">{facts.map(([name, value]) => <div key={name} className="kv-row"><dt>{name}</dt><dd>{value}</dd></div>)}</dl>
    </section>
  );
}

function swap(resource: Resource): string | undefined {
  const { swapTotalBytes: total, swapUsedBytes: used } = resource.agent?.memory ?? {};
  if (total === undefined || used === undefined) return undefined;
  if (total === 0) return "none";
  const words = bytesOf(used, total);
  return `${words.used} of ${words.total} ${words.unit}`;
}

function temperatures(sensors: Record<string, number> | undefined): string | undefined {
  const entries = Object.entries(sensors ?? {});
  return entries.length === 0 ? undefined : entries.slice(0, 8).map(([name, value]) => `${name} ${value.toFixed(0)} °C`).join(" · ");
}

function list(values: readonly string[] | undefined): ReactNode {
  if (!values || values.length === 0) return undefined;
  const shown = values.slice(0, 8);
  return <span className="mono">{shown.join(", ")}{values.length > shown.length ? ` and ${values.length - shown.length} more` : ""}</span>;
}
