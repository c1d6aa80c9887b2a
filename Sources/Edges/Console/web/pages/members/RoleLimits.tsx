import { Button } from "../../kit/Button";
import { useQuery } from "../../kit/cache";
import { may, useMe } from "../../session/session";
import { isConditional, Rule } from "./role";

interface LimitsProps { rules: readonly Rule[]; onChange: ((rules: readonly Rule[]) => void) | undefined }

/** Looking at machines can be given, or taken, in some sites and for some tags only. */
export function RoleLimits({ rules, onChange }: LimitsProps): JSX.Element | null {
  const me = useMe();
  const sites = useQuery<{ data: { id: string; name: string }[] }>(may(me, "read:sites") ? "/api/sites?limit=100" : undefined);
  const limits = rules.filter(isConditional), rest = rules.filter((rule) => !isConditional(rule));
  const names = sites.data?.data ?? [];
  if (limits.length === 0 && !onChange) return null;
  const replace = (index: number, rule: Rule | undefined): void => onChange?.([...rest, ...limits.flatMap((limit, at) => at === index ? rule ?? [] : limit)]);
  return (
    <section className="card-body stack stack-3 limits" aria-labelledby="limits-head">
      <div><h3 id="limits-head">Only in some places</h3><p className="sub">For reading machines and measurements. A limit with sites and tags means both.</p></div>
      {limits.map((limit, index) => (
        <Limit key={index} limit={limit} number={index + 1} sites={names} onChange={onChange && ((rule) => replace(index, rule))} />
      ))}
      {onChange && (
        <div>
          <Button
            small icon="plus" label="Add a limit" disabled={names.length === 0 && sites.data !== undefined && limits.length > 8}
            onClick={() => onChange([...rules, { action: "read", resource: "monitoring", effect: "allow", conditions: names[0] ? { sites: [names[0].id] } : { tags: ["production"] } }])}
          />
        </div>
      )}
    </section>
  );
}

function Limit({ limit, number, sites, onChange }: {
  limit: Rule; number: number; sites: readonly { id: string; name: string }[]; onChange: ((rule: Rule | undefined) => void) | undefined;
}): JSX.Element {
  const chosen = limit.conditions?.sites ?? [], tags = limit.conditions?.tags ?? [];
  const shown = [...sites, ...chosen.filter((id) => !sites.some((site) => site.id === id)).map((id) => ({ id, name: "A removed site" }))];
  const set = (conditions: { sites: string[]; tags: string[] }): void => onChange?.({
    ...limit, conditions: { ...conditions.sites.length > 0 ? { sites: conditions.sites } : {}, ...conditions.tags.length > 0 ? { tags: conditions.tags } : {} },
  });
  if (!onChange) {
    const places = [...chosen.map((id) => shown.find((site) => site.id === id)?.name ?? id), ...tags.map((tag) => `tag ${tag}`)].join(", ");
    return <p>{limit.effect === "allow" ? "Allowed in " : "Denied in "}{places}</p>;
  }
  return (
    <div className="limit" role="group" aria-label={`Limit ${number}`}>
      <select className="select input-sm" aria-label={`Limit ${number}: effect`} value={limit.effect} onChange={(event) => onChange({ ...limit, effect: event.currentTarget.value === "deny" ? "deny" : "allow" })}>
        <option value="allow">Allowed in</option><option value="deny">Denied in</option>
      </select>
      <div className="chips grow">
        {shown.map((site) => {
          const isChosen = chosen.includes(site.id);
          return (
            <button
              key={site.id} type="button" className="chip" aria-pressed={isChosen} disabled={isChosen && chosen.length === 1 && tags.length === 0}
              onClick={() => set({ sites: isChosen ? chosen.filter((id) => id !== site.id) : [...chosen, site.id], tags })}
            >{site.name}</button>
          );
        })}
      </div>
      <input
        className="input input-sm limit-tags" aria-label={`Limit ${number}: tags`} placeholder="tags, with commas" defaultValue={tags.join(", ")}
        onBlur={(event) => { const next = event.currentTarget.value.split(",").map((tag) => tag.trim()).filter(Boolean); if (next.length > 0 || chosen.length > 0) set({ sites: chosen, tags: next }); else event.currentTarget.value = tags.join(", "); }}
      />
      <Button small tone="quiet" icon="x" iconOnly label={`Remove limit ${number}`} onClick={() => onChange(undefined)} />
    </div>
  );
}
