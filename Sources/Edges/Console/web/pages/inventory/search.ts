import { displayName, Resource } from "../../live/resource";

const folded = new WeakMap<object, string>();

/** Everything a person may type to find a machine, folded once per identity: names, addresses, tags, system. */
function haystack(resource: Resource): string {
  const key: object = resource.identity ?? resource;
  const known = folded.get(key);
  if (known !== undefined) return known;
  const { identity, agent } = resource;
  const text = [
    displayName(resource), resource.name, ...identity?.hostnames ?? [], ...identity?.ipAddresses ?? [], ...identity?.macAddresses ?? [],
    ...resource.tags ?? [], agent?.osName ?? "", agent?.hostname ?? "", resource.proxmox?.vmid ?? "", resource.proxmox?.node ?? "",
    resource.proxmox?.cluster ?? "", resource.parentName ?? "", resource.storage?.type ?? "", resource.storage?.pool ?? "",
    resource.physicalDisk?.serial ?? "", resource.physicalDisk?.model ?? "",
  ].join("\n").toLowerCase();
  folded.set(key, text);
  return text;
}

/** `wanted` in lower case; all its words must be there. */
export function matches(resource: Resource, wanted: string): boolean {
  const text = haystack(resource);
  return wanted.split(/\s+/).every((word) => text.includes(word));
}
