import { scopeGroups, scopeMeaning } from "./token";

/** Everything, or exactly these. */
export function ScopePicker({ scopes, chosen, onChange }: { scopes: readonly string[]; chosen: readonly string[]; onChange: (chosen: readonly string[]) => void }): JSX.Element {
  const isAll = chosen.includes("*");
  const set = (name: string, on: boolean): void => onChange(on ? [...chosen, name] : chosen.filter((one) => one !== name));
  return (
    <fieldset className="plain stack stack-2">
      <legend className="label">May</legend>
      <label className="check"><input type="radio" name="all" checked={isAll} onChange={() => onChange(["*"])} /><span>Everything that whoever makes it may, now and later</span></label>
      <label className="check"><input type="radio" name="all" checked={!isAll} onChange={() => onChange(["monitoring:read"])} /><span>Only what is chosen here</span></label>
      {!isAll && (
        <div className="scopes" tabIndex={0} role="group" aria-label="Scopes">
          {scopeGroups(scopes).map(([group, members]) => (
            <div key={group}>
              <div className="scope-group">{group}</div>
              {members.map((scope) => (
                <label key={scope} className="check">
                  <input type="checkbox" checked={chosen.includes(scope)} onChange={(event) => set(scope, event.currentTarget.checked)} />
                  <span><span className="mono">{scope}</span> <span className="sub">{scopeMeaning(scope)}</span></span>
                </label>
              ))}
            </div>
          ))}
        </div>
      )}
      {chosen.length === 0 && <p className="hint">Choose at least one.</p>}
    </fieldset>
  );
}
