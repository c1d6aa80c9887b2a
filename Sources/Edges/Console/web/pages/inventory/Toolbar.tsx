import { useEffect, useRef, useState } from "react";
import { Button } from "../../kit/Button";
import { Icon } from "../../kit/Icon";
import { useKeys } from "../../kit/keys";
import { preferences, usePreferences } from "../../kit/preferences";
import { StatusMark, statusMark, statusWord } from "../../kit/Status";
import { useCounts } from "../../live/live";
import { Standing } from "../../live/resource";
import { Filters } from "./Filters";
import { View } from "./order";

const chips: readonly Standing[] = ["offline", "warning", "unknown", "stopped", "online"];

interface ToolbarProps { view: View; onChange: (changes: Record<string, string | undefined>) => void }

export function Toolbar({ view, onChange }: ToolbarProps): JSX.Element {
  const { section, status } = view;
  const counts = useCounts(section);
  const isCompact = usePreferences().density === "compact";
  return (
    <div className="toolbar">
      <Search label={`Search ${section}`} value={view.search} onChange={(q) => onChange({ q })} />
      <div className="chips grow" role="group" aria-label="Filter by status">
        <button type="button" className="chip" aria-pressed={status === undefined} onClick={() => onChange({ status: undefined })}>
          All <span className="num">{counts.all}</span>
        </button>
        {chips.filter((chip) => chip !== "stopped" || counts.stopped > 0 || status === "stopped").map((chip) => (
          <button key={chip} type="button" className="chip" aria-pressed={status === chip} onClick={() => onChange({ status: status === chip ? undefined : chip })}>
            <StatusMark mark={statusMark(chip)} />{statusWord(chip)} <span className="num">{counts[chip]}</span>
          </button>
        ))}
      </div>
      <Filters view={view} onChange={onChange} />
      <span className="row hide-narrow">
        <Button
          small tone="quiet" icon="list" iconOnly label={isCompact ? "Comfortable rows" : "Compact rows"} aria-pressed={isCompact}
          onClick={() => preferences.set({ density: isCompact ? "comfortable" : "compact" })}
        />
      </span>
    </div>
  );
}

/** Types into itself at once and tells the page when the typing rests, so that 10,000 rows never hold up a key. */
function Search({ label, value, onChange }: { label: string; value: string; onChange: (search: string) => void }): JSX.Element {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const input = useRef<HTMLInputElement>(null);
  const tell = useRef(onChange);
  tell.current = onChange;
  useEffect(() => { if (value !== told.current) { told.current = value; setText(value); } }, [value]);
  useEffect(() => {
    if (text.trim() === told.current) return undefined;
    const timer = setTimeout(() => { told.current = text.trim(); tell.current(text.trim()); }, 80);
    return () => clearTimeout(timer);
  }, [text]);
  useKeys({ "/": () => { input.current?.focus(); input.current?.select(); } });
  return (
    <div className="search" role="search">
      <Icon name="search" />
      <input
        ref={input} className="input" type="search" placeholder="Name, address, tag" aria-label={label} value={text} spellCheck={false} autoComplete="off"
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Escape" && text) { event.preventDefault(); event.stopPropagation(); setText(""); } }}
      />
      {text === "" && <span className="kbd" aria-hidden="true">/</span>}
    </div>
  );
}
