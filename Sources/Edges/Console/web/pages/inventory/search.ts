import { displayName, Resource } from "../../live/resource";

/** `of`: what the text was made of; lists and objects are replaced when they change, never written to. */
interface Folded { of: readonly unknown[]; text: string }
const folded = new WeakMap<object, Folded>();

/** Everything a person may type to find a machine, folded again only when some of it changed: names, addresses, tags, system. */
function haystack(resource: Resource): string {
  const { identity, agent } = resource;
  const of = [
    displayName(resource), resource.name, identity, resource.tags, agent?.osName, agent?.hostname, resource.proxmox, resource.parentName,
    resource.storage, resource.physicalDisk,
  ];
  // a resource is another object with each report, its identity seldom
  const key: object = identity ?? resource, known = folded.get(key);
  if (known?.of.every((one, index) => one === of[index])) return known.text;
  const text = [
    displayName(resource), resource.name, ...identity?.hostnames ?? [], ...identity?.ipAddresses ?? [], ...identity?.macAddresses ?? [],
    ...resource.tags ?? [], agent?.osName ?? "", agent?.hostname ?? "", resource.proxmox?.vmid ?? "", resource.proxmox?.node ?? "",
    resource.proxmox?.cluster ?? "", resource.parentName ?? "", resource.storage?.type ?? "", resource.storage?.pool ?? "",
    resource.physicalDisk?.serial ?? "", resource.physicalDisk?.model ?? "",
  ].join("\n").toLowerCase();
  folded.set(key, { of, text });
  return text;
}

/** `wanted` in lower case; all its words must be there. */
export function matches(resource: Resource, wanted: string): boolean {
  const text = haystack(resource);
  return wanted.split(/\s+/).every((word) => text.includes(word));
}
