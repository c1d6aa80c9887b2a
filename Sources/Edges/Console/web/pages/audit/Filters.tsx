import { useEffect, useState } from "react";
import { useQuery } from "../../kit/cache";
import { actionLabel, actorName, Summary } from "./entry";
import { Filter, periods } from "./filter";

interface FiltersProps { filter: Filter; summary: Summary | undefined; onChange: (changes: Record<string, string | undefined>) => void }

/** When, who, what, about which. All of it is in the address. */
export function Filters({ filter, summary, onChange }: FiltersProps): JSX.Element {
  const actions = useQuery<{ data: string[] }>("/api/audit/actions");
  const nouns = [...new Set((actions.data?.data ?? []).map((action) => action.split(".")[0] ?? ""))].sort();
  const actors = summary?.actors ?? [];
  const known = filter.actor === "" || actors.some((one) => one.actor === filter.actor);
  const [dates, setDates] = useState(filter.period === "own");
  return (
    <div className="toolbar audit-filters">
      <div className="chips" role="group" aria-label="Period">
        {periods.map((one) => (
          <button
            key={one.period} type="button" className="chip" aria-pressed={filter.period === one.period}
            onClick={() => { setDates(false); onChange({ period: one.period === "all" ? undefined : one.period, from: undefined, to: undefined }); }}
          >{one.label}</button>
        ))}
        <button type="button" className="chip" aria-pressed={filter.period === "own"} aria-expanded={dates} onClick={() => setDates(!dates)}>Dates…</button>
      </div>
      <select className="select input-sm filter-select" aria-label="Who" value={filter.actor} onChange={(event) => onChange({ actor: event.currentTarget.value })}>
        <option value="">Anyone</option>
        {!known && <option value={filter.actor}>{actorName({ actor: filter.actor })}</option>}
        {actors.map((one) => <option key={one.actor} value={one.actor}>{actorName(one)} ({one.count})</option>)}
      </select>
      <select className="select input-sm filter-select" aria-label="Did what" value={filter.action} onChange={(event) => onChange({ action: event.currentTarget.value })}>
        <option value="">Any action</option>
        {nouns.map((noun) => (
          <optgroup key={noun} label={noun.replace(/_/g, " ")}>
            <option value={`${noun}.`}>Anything about {noun.replace(/_/g, " ")}</option>
            {(actions.data?.data ?? []).filter((action) => action.startsWith(`${noun}.`)).map((action) => <option key={action} value={action}>{actionLabel(action)}</option>)}
          </optgroup>
        ))}
      </select>
      <ObjectFilter value={filter.object} onChange={(object) => onChange({ object })} />
      {dates && (
        <div className="row date-range">
          <input type="date" className="input input-sm" aria-label="From day" value={filter.from} max={filter.to || undefined} onChange={(event) => onChange({ from: event.currentTarget.value, period: undefined })} />
          <span className="faint">to</span>
          <input type="date" className="input input-sm" aria-label="To day" value={filter.to} min={filter.from || undefined} onChange={(event) => onChange({ to: event.currentTarget.value, period: undefined })} />
        </div>
      )}
    </div>
  );
}

/** One thing by its kind and identifier, as entries name it. Asked when the typing rests. */
function ObjectFilter({ value, onChange }: { value: string; onChange: (object: string) => void }): JSX.Element {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const tell = (): void => { if (text.trim() !== value) onChange(text.trim()); };
  return (
    <input
      className="input input-sm input-mono filter-object" aria-label="About which object" placeholder="kind:identifier" value={text} spellCheck={false} autoComplete="off"
      onChange={(event) => setText(event.currentTarget.value)} onBlur={tell} onKeyDown={(event) => { if (event.key === "Enter") tell(); }}
    />
  );
}
