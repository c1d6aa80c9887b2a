// All machines, live. The address holds search, status, sort and the open machine.
import { MutableRefObject, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { Icon } from "../../kit/Icon";
import { Column, DataTable, rowElementID, Sort } from "../../kit/DataTable";
import { Link, navigate, queryWith, usePlace, useTitle } from "../../kit/router";
import { useMinute } from "../../kit/clock";
import { useMedia } from "../../kit/virtual";
import { reconnectNow, resources, useAfter, useLiveStatus, useMachineCount, useOutage } from "../../live/live";
import { ResourceStatus } from "../../live/resource";
import { LiveLine } from "../../shell/LiveLine";
import { Page } from "../../shell/Shell";
import { MachineDrawer } from "../machine/MachineDrawer";
import { MachineRow } from "./MachineRow";
import { RowOrder, SortKey, View } from "./order";
import { FailedList, LoadingRows, NothingFound, NothingWatched } from "./InfrastructureStates";
import { useSparks } from "./sparks";
import { Strip } from "./Strip";
import { Toolbar } from "./Toolbar";

const sortKeys: readonly SortKey[] = ["name", "status", "cpu", "memory", "disk", "network", "uptime", "seen"];
const statuses: readonly ResourceStatus[] = ["online", "offline", "warning", "unknown"];

/** The view an address asks for; what it does not know is ignored. The default is worst first. */
export function viewOf(query: URLSearchParams): View {
  const [key, direction] = (query.get("sort") ?? "status.desc").split(".");
  const sort = sortKeys.find((candidate) => candidate === key) ?? "status";
  return { search: query.get("q") ?? "", status: statuses.find((status) => status === query.get("status")), sort, descending: direction === "desc" };
}

export const columns: readonly Column<SortKey | "spark">[] = [
  { key: "name", head: "Name" },
  { key: "status", head: "Status", width: "8.25rem" },
  { key: "cpu", head: "CPU", width: "7.5rem" },
  { key: "memory", head: "Memory", width: "7.5rem" },
  { key: "disk", head: "Disk", width: "7.5rem", title: "Root file system" },
  { key: "network", head: "Network, Mbit/s", width: "8.5rem", className: "col-low" },
  { key: "spark", head: "CPU, last hour", width: "7.25rem", className: "col-low" },
  { key: "uptime", head: "Uptime", width: "4.75rem", className: "col-low", right: true },
  { key: "seen", head: "Seen", width: "5rem", className: "col-lower", right: true, title: "Age of the newest reading" },
];

export function Infrastructure({ open }: { open: string | undefined }): JSX.Element {
  const { query } = usePlace();
  useTitle("Infrastructure");
  const count = useMachineCount();
  const { problem, link } = useLiveStatus();
  const loaded = count !== undefined;
  const isEmpty = count === 0;
  const showSkeleton = useAfter(150, !loaded && !problem);
  const covers = useMedia("(max-width: 47.9375rem)") && open !== undefined;
  const shown = useRef<readonly string[]>([]);
  const [news, setNews] = useState<HTMLElement | null>(null);
  return (
    <>
      <div inert={covers ? "" : undefined}>
        <Page
          title="Infrastructure" count={count} keep sub={<div className="row-wrap page-sub"><LiveLine /><span ref={setNews} role="status" /></div>}
          aside={<EstateStrip hidden={!loaded || isEmpty} />} actions={<Link className="btn btn-primary" to="/onboarding"><Icon name="plus" /><span className="btn-label">Add</span></Link>}
        >
          {problem && !loaded && <FailedList problem={problem} retry={reconnectNow} nextTry={link.kind === "lost" ? link.nextTry : undefined} />}
          {!problem && !loaded && <LoadingRows visible={showSkeleton} />}
          {isEmpty && <NothingWatched />}
          {loaded && !isEmpty && <Machines query={query} open={open} shown={shown} news={news} />}
        </Page>
      </div>
      {open !== undefined && <OpenMachine id={open} query={query} shown={shown} />}
    </>
  );
}

function EstateStrip({ hidden }: { hidden: boolean }): JSX.Element | null {
  const names = useMemo(() => new RowOrder(resources, { search: "", status: undefined, sort: "name", descending: false }), []);
  const shown = useRef(resources.size);
  const [byName, refresh] = useReducer(() => names.byName(), names, () => names.byName());
  useEffect(() => resources.subscribe((change) => {
    if (!change.everything && change.added.size === 0 && shown.current === resources.size) return;
    names.follow(change);
    shown.current = resources.size;
    refresh();
  }), [names]);
  return hidden ? null : <span className="estate hide-narrow hide-mid"><Strip byName={byName} /></span>;
}

/** Search, chips and rows. `news` is where new machines are announced: in the head, where nothing has to make room. */
function Machines({ query, open, shown, news }: {
  query: URLSearchParams; open: string | undefined; shown: MutableRefObject<readonly string[]>; news: HTMLElement | null;
}): JSX.Element {
  const view = useMemo(() => viewOf(query), [query]);
  const viewKey = `${view.search}|${view.status ?? ""}|${view.sort}|${view.descending}`;
  const order = useRef<RowOrder>();
  order.current ??= new RowOrder(resources, view);
  const lastKey = useRef(viewKey);
  if (lastKey.current !== viewKey) { lastKey.current = viewKey; order.current.arrange(view); }
  const rows = order.current;
  const [, repaint] = useReducer((count: number) => count + 1, 0);
  useEffect(() => resources.subscribe((change) => {
    const before = rows.rows;
    rows.follow(change);
    if (rows.rows !== before) repaint();
  }), [rows]);
  useSparks(resources.loaded);
  const hourEnd = useMinute();
  const disconnected = useOutage() !== undefined;

  const show = (): void => { rows.arrange(view); repaint(); };
  const change = (changes: Record<string, string | undefined>): void => navigate(location.pathname + queryWith(query, changes), { replace: true, keepScroll: true });
  const sort = ({ key, descending }: Sort<SortKey | "spark">): void => change({ sort: `${key === "spark" ? "cpu" : key}.${descending ? "desc" : "asc"}` });
  const { ids, moved, waiting } = rows.rows;
  shown.current = ids;
  const heads = useMemo(() => columns.map((column) => column.key === "status" && moved > 0
    ? { ...column, note: <button type="button" className="moved" title="Sort again" onClick={show}>{moved} moved</button> } : column), [moved, viewKey]); // eslint-disable-line
  const search = queryWith(query, {});
  return (
    <>
      <Toolbar search={view.search} status={view.status} onSearch={(q) => change({ q })} onStatus={(status) => change({ status })} />
      {waiting > 0 && news && createPortal(<span className="waiting">{waiting} new, <button type="button" className="link" onClick={show}>show</button></span>, news)}
      <div className="table-wrap">
        {ids.length === 0 && <NothingFound view={view} clear={(changes) => change(changes)} />}
        {ids.length > 0 && (
          <DataTable
            label="Machines" columns={heads} rows={ids} selected={open} sort={{ key: view.sort, descending: view.descending }} onSort={sort}
            onOpen={(id) => navigate(`/infrastructure/${id}${search}`, { replace: open !== undefined, keepScroll: true })}
            row={(id, shell) => <MachineRow key={id} shell={shell} address={`/infrastructure/${id}${search}`} hourEnd={hourEnd} disconnected={disconnected} />}
          />
        )}
      </div>
    </>
  );
}

function OpenMachine({ id, query, shown }: {
  id: string; query: URLSearchParams; shown: MutableRefObject<readonly string[]>;
}): JSX.Element {
  const close = (): void => {
    navigate(`/infrastructure${queryWith(query, { range: undefined, show: undefined })}`, { keepScroll: true });
    requestAnimationFrame(() => document.getElementById(rowElementID(id))?.focus({ preventScroll: true }));
  };
  function walk(step: 1 | -1): void {
    const next = shown.current[shown.current.indexOf(id) + step];
    if (next !== undefined) navigate(`/infrastructure/${next}${queryWith(query, {})}`, { replace: true, keepScroll: true });
  }
  return <MachineDrawer id={id} query={query} onClose={close} onWalk={walk} />;
}
