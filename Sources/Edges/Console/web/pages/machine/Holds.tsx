import { useMemo } from "react";
import { Icon } from "../../kit/Icon";
import { Link } from "../../kit/router";
import { Status, statusOf } from "../../kit/Status";
import { percent } from "../../kit/units";
import { resources, useResource, useStatusVersion } from "../../live/live";
import { displayName, isSilent, kindIcon, Resource } from "../../live/resource";
import { resourcePath } from "../../live/sections";
import { heldWords } from "./docker";

/** What runs on a thing or belongs to it, by kind and name. */
export function useHeld(id: string): readonly string[] {
  const version = useStatusVersion();
  return useMemo(() => [...resources.values()].filter((one) => one.parentId === id)
    .sort((a, b) => a.type.localeCompare(b.type) || displayName(a).localeCompare(displayName(b), undefined, { numeric: true })).map((one) => one.id), [id, version]);
}

export function Holds({ ids }: { ids: readonly string[] }): JSX.Element {
  return <ul className="list held">{ids.map((id) => <Held key={id} id={id} />)}</ul>;
}

function Held({ id }: { id: string }): JSX.Element | null {
  const resource = useResource(id);
  if (!resource) return null;
  const { mark, word } = statusOf(resource);
  return (
    <li>
      <span className="kind"><Icon name={kindIcon(resource)} /></span>
      <div className="grow">
        <Link className="name" to={resourcePath(resource)} keepScroll>{displayName(resource)}</Link>
        <span className="sub">{heldWords(resource)}</span>
      </div>
      <span className="num faint">{figures(resource)}</span>
      <Status mark={mark}>{word}</Status>
    </li>
  );
}

/** The two numbers one looks for first. */
function figures(resource: Resource): string {
  if (isSilent(resource)) return "";
  const { cpu, memory, disk } = resource.metrics ?? {};
  const told: string[] = [];
  if (cpu?.percent !== undefined) told.push(`CPU ${percent(cpu.percent)} %`);
  if (memory?.percent !== undefined) told.push(`memory ${percent(memory.percent)} %`);
  if (told.length === 0 && disk?.percent !== undefined) told.push(`${percent(disk.percent)} % used`);
  return told.join(", ");
}
