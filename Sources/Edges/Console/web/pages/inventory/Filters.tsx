import { useMemo } from "react";
import { resources, useStatusVersion } from "../../live/live";
import { typeWord } from "../../live/resource";
import { sectionOf } from "../../live/sections";
import { View } from "./order";

interface FiltersProps { view: View; onChange: (changes: Record<string, string | undefined>) => void }
interface Option { value: string; word: string; count: number }

/** Kind and place, offered where there is a choice; both are in the address. */
export function Filters({ view, onChange }: FiltersProps): JSX.Element {
  const version = useStatusVersion();
  const { kinds, places } = useMemo(() => optionsOf(view), [view.section, version]); // eslint-disable-line react-hooks/exhaustive-deps
  return (
    <>
      {(kinds.length > 1 || view.kind) && <Choice label="Kind" all="All kinds" value={view.kind} options={kinds} onChange={(kind) => onChange({ kind })} />}
      {(places.length > 1 || view.on) && <Choice label="On" all="Anywhere" value={view.on} options={places} onChange={(on) => onChange({ on })} />}
    </>
  );
}

function Choice({ label, all, value, options, onChange }: {
  label: string; all: string; value: string | undefined; options: readonly Option[]; onChange: (value: string | undefined) => void;
}): JSX.Element {
  const known = value === undefined || options.some((option) => option.value === value);
  return (
    <select className="select filter hide-narrow hide-mid" aria-label={label} value={value ?? ""} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
      <option value="">{all}</option>
      {!known && <option value={value}>{label}: gone</option>}
      {options.map((option) => <option key={option.value} value={option.value}>{option.word} ({option.count})</option>)}
    </select>
  );
}

/** More places than this are no choice but a list: the search finds them. */
const mostPlaces = 200;

function optionsOf(view: View): { kinds: Option[]; places: Option[] } {
  const kinds = new Map<string, Option>(), places = new Map<string, Option>();
  const count = (into: Map<string, Option>, value: string, word: string): void => {
    const known = into.get(value);
    if (known) known.count += 1; else into.set(value, { value, word, count: 1 });
  };
  for (const resource of resources.values()) {
    if (sectionOf(resource.type) !== view.section) continue;
    count(kinds, resource.type, typeWord(resource.type));
    if (resource.parentId !== undefined) count(places, resource.parentId, resource.parentName ?? "unnamed");
  }
  const sorted = (from: Map<string, Option>): Option[] => [...from.values()].sort((a, b) => a.word.localeCompare(b.word, undefined, { numeric: true }));
  return { kinds: sorted(kinds), places: sorted(places).slice(0, mostPlaces) };
}
