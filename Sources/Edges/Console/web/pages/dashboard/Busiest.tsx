import { useMemo, useState } from "react";
import { useMinute } from "../../kit/clock";
import { Meter, Threshold, thresholds } from "../../kit/Meter";
import { Link } from "../../kit/router";
import { resources, useResource } from "../../live/live";
import { displayName, isSilent, Resource, subtitle } from "../../live/resource";
import { resourcePath } from "../../live/sections";

type Measure = "cpu" | "memory" | "disk";
const measures: Record<Measure, { label: string; threshold: Threshold }> = {
  cpu: { label: "CPU", threshold: thresholds.cpu }, memory: { label: "Memory", threshold: thresholds.memory }, disk: { label: "Fullest", threshold: thresholds.disk },
};
const most = 6;

/** Who uses most of what it has, now. */
export function Busiest(): JSX.Element {
  const [measure, setMeasure] = useState<Measure>("cpu");
  const minute = useMinute();
  // ranked anew once a minute: names that change places with every reading cannot be read
  const top = useMemo(() => topBy(measure), [measure, minute]);
  return (
    <section className="card" aria-labelledby="busiest">
      <div className="card-head">
        <h2 id="busiest">Busiest</h2>
        <div className="actions">
          <div className="segmented" role="group" aria-label="By">
            {(Object.keys(measures) as Measure[]).map((one) => <button key={one} type="button" aria-pressed={one === measure} onClick={() => setMeasure(one)}>{measures[one].label}</button>)}
          </div>
        </div>
      </div>
      <ul className="list busiest">
        {top.map((id, place) => <Busy key={place} id={id} measure={measure} />)}
        {top.length === 0 && <li className="muted">Nothing tells this yet.</li>}
      </ul>
    </section>
  );
}

function Busy({ id, measure }: { id: string; measure: Measure }): JSX.Element | null {
  const resource = useResource(id);
  if (!resource) return null;
  const value = isSilent(resource) ? undefined : resource.metrics?.[measure]?.percent;
  return (
    <li>
      <div className="grow"><Link className="name" to={resourcePath(resource)}>{displayName(resource)}</Link><span className="sub">{subtitle(resource)}</span></div>
      <Meter value={value} threshold={measures[measure].threshold} missing="Not answering" />
    </li>
  );
}

/** The few at the top, without sorting ten thousand. */
function topBy(measure: Measure): string[] {
  const top: Resource[] = [];
  const value = (resource: Resource): number => resource.metrics?.[measure]?.percent ?? -1;
  for (const resource of resources.values()) {
    if (isSilent(resource) || value(resource) < 0) continue;
    const last = top[most - 1];
    if (last && value(last) >= value(resource)) continue;
    const at = top.findIndex((one) => value(one) < value(resource));
    top.splice(at < 0 ? top.length : at, 0, resource);
    if (top.length > most) top.pop();
  }
  return top.map((resource) => resource.id);
}
