// One machine beside the list: what it is doing, what it did, what it is.
import { useMemo } from "react";
import { Age } from "../../kit/Age";
import { Button } from "../../kit/Button";
import { Crosshair, CrosshairContext } from "../../kit/chart/crosshair";
import { Drawer } from "../../kit/Drawer";
import { Icon } from "../../kit/Icon";
import { useKeys } from "../../kit/keys";
import { useQuery } from "../../kit/cache";
import { navigate, queryWith, useTitle } from "../../kit/router";
import { Empty, Failed } from "../../kit/states";
import { Status, statusOf } from "../../kit/Status";
import { Tabs } from "../../kit/Tabs";
import { resources, useOutage, useResource, useResourcesVersion } from "../../live/live";
import { displayName, isSilent, kindIcon, Resource, seenAt, subtitle } from "../../live/resource";
import { Charts } from "./Charts";
import { Facts } from "./Facts";
import { Sources } from "./Sources";
import { ThingTimeline } from "./ThingTimeline";
import { Holds, useHeld } from "./Holds";
import { Range, ranges } from "./history";
import { Notes } from "./Notes";

interface MachineDrawerProps { id: string; query: URLSearchParams; onClose: () => void; onWalk: (step: 1 | -1) => void }

export function MachineDrawer({ id, query, onClose, onWalk }: MachineDrawerProps): JSX.Element {
  useResourcesVersion();
  const live = useResource(id);
  const isKnown = live !== undefined || !resources.loaded;
  const asked = useQuery<Resource>(isKnown ? undefined : `/api/resources/${encodeURIComponent(id)}`);
  const resource = live ?? asked.data;
  const name = resource ? displayName(resource) : "Machine";
  const range = ranges.find((one) => one.range === query.get("range"))?.range ?? "1h";
  const setRange = (next: Range): void => set(query, { range: next === "1h" ? undefined : next });
  const step = (by: number): void => {
    const next = ranges[ranges.findIndex((one) => one.range === range) + by];
    if (next) setRange(next.range);
  };
  const held = useHeld(id);
  const tab = tabOf(query, held.length);
  useTitle(name);
  useKeys({ "[": () => step(-1), "]": () => step(1) });
  return (
    <Drawer label={name} subject={id} onClose={onClose} onWalk={onWalk} head={<DrawerHead resource={resource} name={name} tab={tab} held={held.length} query={query} onClose={onClose} />}>
      {resource && tab === "holds" && <Holds ids={held} />}
      {resource && tab === "timeline" && <ThingTimeline key={resource.id} id={resource.id} />}
      {resource && tab === "now" && <MachineBody key={resource.id} resource={resource} range={range} setRange={setRange} query={query} />}
      {!resource && asked.problem?.status === 404 && (
        <Empty icon="search" title="No such machine" actions={<Button label="Close" onClick={onClose} />}>It was removed, or it belongs to another organisation.</Empty>
      )}
      {!resource && asked.problem && asked.problem.status !== 404 && <Failed title="The machine could not be loaded" problem={asked.problem} retry={asked.reload} />}
    </Drawer>
  );
}

const set = (query: URLSearchParams, changes: Record<string, string | undefined>): void => (
  navigate(location.pathname + queryWith(query, changes), { replace: true, keepScroll: true }));

type TabName = "now" | "holds" | "timeline";
const tabOf = (query: URLSearchParams, held: number): TabName => {
  const asked = query.get("tab");
  return asked === "timeline" || asked === "holds" && held > 0 ? asked : "now";
};

function DrawerHead({ resource, name, tab, held, query, onClose }: {
  resource: Resource | undefined; name: string; tab: TabName; held: number; query: URLSearchParams; onClose: () => void;
}): JSX.Element {
  const to = (next: TabName): string => location.pathname + queryWith(query, { tab: next === "now" ? undefined : next });
  return (
    <>
      <div className="drawer-title">
        <span className="kind"><Icon name={resource ? kindIcon(resource) : "server"} /></span>
        <div className="grow">
          <h2 tabIndex={-1}>{name}</h2>
          {resource && (
            <div className="row-wrap sub">
              <Status mark={statusOf(resource).mark}>{statusOf(resource).word}{isSilent(resource) && <> for <Age at={seenAt(resource)} /></>}</Status>
              <span>{subtitle(resource)}</span>
            </div>
          )}
        </div>
        <Button small tone="quiet" icon="x" iconOnly label="Close" onClick={onClose} />
      </div>
      {resource && (
        <Tabs
          label="Parts" current={to(tab)}
          tabs={[{ to: to("now"), label: "Now and before" }, { to: to("holds"), label: "Holds", count: held, hidden: held === 0 }, { to: to("timeline"), label: "Timeline" }]}
        />
      )}
    </>
  );
}

function MachineBody({ resource, range, setRange, query }: {
  resource: Resource; range: Range; setRange: (range: Range) => void; query: URLSearchParams;
}): JSX.Element {
  const crosshair = useMemo(() => new Crosshair(), []);
  const asTable = query.get("show") === "table";
  const outage = useOutage();
  return (
    <CrosshairContext.Provider value={crosshair}>
      <div className="row drawer-tools">
        <div className="segmented" role="group" aria-label="Range">
          {ranges.map((one) => <button key={one.range} type="button" aria-pressed={range === one.range} onClick={() => setRange(one.range)}>{one.label}</button>)}
        </div>
        <div className="segmented" role="group" aria-label="Show as">
          <button type="button" aria-pressed={!asTable} onClick={() => set(query, { show: undefined })}>Charts</button>
          <button type="button" aria-pressed={asTable} onClick={() => set(query, { show: "table" })}>Table</button>
        </div>
        <span className="grow" />
        <span className="live" data-state={isSilent(resource) ? "offline" : outage ? "reconnecting" : undefined}>
          <span className="live-dot" /><span className="num"><Age at={seenAt(resource)} /> ago</span>
        </span>
      </div>
      <Charts resource={resource} range={range} asTable={asTable} />
      <Facts resource={resource} />
      <Sources resource={resource} />
      <Notes resource={resource} />
    </CrosshairContext.Provider>
  );
}
