// One section of the inventory, live. The address holds search, filters, sort and the open thing.
import { MutableRefObject, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { Icon } from "../../kit/Icon";
import { DataTable, rowElementID, Sort } from "../../kit/DataTable";
import { Link, navigate, queryWith, usePlace, useTitle } from "../../kit/router";
import { useMinute } from "../../kit/clock";
import { Tabs } from "../../kit/Tabs";
import { useMedia } from "../../kit/virtual";
import { reconnectNow, resources, useAfter, useLiveStatus, useOutage, useResourceCount } from "../../live/live";
import { Standing } from "../../live/resource";
import { Section, SectionName, sections } from "../../live/sections";
import { LiveLine } from "../../shell/LiveLine";
import { Page } from "../../shell/Shell";
import { MachineDrawer } from "../machine/MachineDrawer";
import { RowOrder, SortKey, View } from "./order";
import { FailedList, LoadingRows, NothingFound, NothingWatched } from "./InventoryStates";
import { useSparks } from "./sparks";
import { Strip } from "./Strip";
import { tables } from "./tables";
import { Toolbar } from "./Toolbar";

const statuses: readonly Standing[] = ["online", "offline", "warning", "unknown", "stopped"];

/** The view an address asks for; what it does not know is ignored. The default is worst first. */
function viewOf(section: SectionName, query: URLSearchParams): View {
  const [key, direction] = (query.get("sort") ?? "status.desc").split(".");
  const sort = tables[section].columns.find((candidate) => candidate.key === key && candidate.key !== "spark")?.key as SortKey | undefined;
  return {
    section, search: query.get("q") ?? "", status: statuses.find((status) => status === query.get("status")), kind: query.get("kind") ?? undefined,
    on: query.get("on") ?? undefined, sort: sort ?? "status", descending: direction === "desc",
  };
}

export function Inventory({ name, open }: { name: SectionName; open: string | undefined }): JSX.Element {
  const { query } = usePlace();
  const section = sections[name];
  useTitle(section.title);
  const all = useResourceCount(), count = useResourceCount(name);
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
          title={section.title} count={count} keep sub={<div className="row-wrap page-sub"><LiveLine /><span ref={setNews} role="status" /></div>}
          aside={<EstateStrip section={name} hidden={!loaded || isEmpty} />}
          actions={name === "infrastructure" && (
            <>
              <Link className="btn btn-quiet hide-narrow" to="/systems">What counts as a system</Link>
              <Link className="btn btn-primary" to="/onboarding"><Icon name="plus" /><span className="btn-label">Add</span></Link>
            </>
          )}
        >
          {(name === "storage" || name === "disks") && (
            <Tabs label="Storage" current={section.path} tabs={[{ to: "/storage", label: "Storages" }, { to: "/disks", label: "Disks" }]} />
          )}
          {problem && !loaded && <FailedList problem={problem} retry={reconnectNow} nextTry={link.kind === "lost" ? link.nextTry : undefined} />}
          {!problem && !loaded && <LoadingRows visible={showSkeleton} many={section.many} />}
          {isEmpty && <NothingWatched section={section} isFirst={all === 0} />}
          {loaded && !isEmpty && <Rows section={section} query={query} open={open} shown={shown} news={news} />}
        </Page>
      </div>
      {open !== undefined && <OpenMachine id={open} path={section.path} query={query} shown={shown} />}
    </>
  );
}

function EstateStrip({ section, hidden }: { section: SectionName; hidden: boolean }): JSX.Element | null {
  const names = useMemo(() => new RowOrder(resources, { section, search: "", status: undefined, kind: undefined, on: undefined, sort: "name", descending: false }), [section]);
  const shown = useRef(resources.size);
  const [byName, refresh] = useReducer(() => names.byName(), names, () => names.byName());
  useEffect(() => resources.subscribe((change) => {
    if (!change.everything && change.added.size === 0 && shown.current === resources.size) return;
    names.follow(change);
    shown.current = resources.size;
    refresh();
  }), [names]);
  return hidden ? null : <span className="estate hide-narrow hide-mid"><Strip byName={byName} section={section} /></span>;
}

/** Search, chips and rows. `news` is where new machines are announced: in the head, where nothing has to make room. */
function Rows({ section, query, open, shown, news }: {
  section: Section; query: URLSearchParams; open: string | undefined; shown: MutableRefObject<readonly string[]>; news: HTMLElement | null;
}): JSX.Element {
  const { columns, Row } = tables[section.name];
  const view = useMemo(() => viewOf(section.name, query), [section, query]);
  const viewKey = Object.values(view).join("|");
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
      <Toolbar view={view} onChange={change} />
      {waiting > 0 && news && createPortal(<span className="waiting">{waiting} new, <button type="button" className="link" onClick={show}>show</button></span>, news)}
      <div className="table-wrap">
        {ids.length === 0 && <NothingFound view={view} clear={(changes) => change(changes)} />}
        {ids.length > 0 && (
          <DataTable
            label={section.name === "infrastructure" ? "Machines" : section.title} columns={heads} rows={ids} selected={open} sort={{ key: view.sort, descending: view.descending }} onSort={sort}
            onOpen={(id) => navigate(`${section.path}/${id}${search}`, { replace: open !== undefined, keepScroll: true })}
            row={(id, shell) => <Row key={id} shell={shell} address={`${section.path}/${id}${search}`} hourEnd={hourEnd} disconnected={disconnected} />}
          />
        )}
      </div>
    </>
  );
}

function OpenMachine({ id, path, query, shown }: {
  id: string; path: string; query: URLSearchParams; shown: MutableRefObject<readonly string[]>;
}): JSX.Element {
  const close = (): void => {
    navigate(`${path}${queryWith(query, { range: undefined, show: undefined, tab: undefined })}`, { keepScroll: true });
    requestAnimationFrame(() => document.getElementById(rowElementID(id))?.focus({ preventScroll: true }));
  };
  function walk(step: 1 | -1): void {
    const next = shown.current[shown.current.indexOf(id) + step];
    if (next !== undefined) navigate(`${path}/${next}${queryWith(query, {})}`, { replace: true, keepScroll: true });
  }
  return <MachineDrawer id={id} query={query} onClose={close} onWalk={walk} />;
}
