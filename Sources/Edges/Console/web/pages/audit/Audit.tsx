// The organisation's own record: what happened, who did it, and whether anybody has touched the record since.
import { useMemo, useRef, useState } from "react";
import { Button } from "../../kit/Button";
import { useQuery } from "../../kit/cache";
import { Icon } from "../../kit/Icon";
import { useList } from "../../kit/list";
import { MenuButton } from "../../kit/Menu";
import { navigate, queryWith, usePlace, useTitle } from "../../kit/router";
import { Denied, Empty } from "../../kit/states";
import { MoreFoot, Wait } from "../../kit/Wait";
import { may, useMe } from "../../session/session";
import { Page } from "../../shell/Shell";
import { AuditTable } from "./AuditTable";
import { ChainCard } from "./ChainCard";
import { AuditEntry, Checkpoint, Summary } from "./entry";
import { EntryDrawer } from "./EntryDrawer";
import { ask, filterOf, spanOf } from "./filter";
import { Filters } from "./Filters";
import { Stream, StreamsDialog, streamsPath } from "./StreamsDialog";

export const auditPath = "/api/audit";

export function Audit({ open }: { open: string | undefined }): JSX.Element {
  useTitle("Audit log");
  const me = useMe(), { query } = usePlace();
  const mayRead = may(me, "read:audit"), mayManage = may(me, "manage:audit");
  const filter = useMemo(() => filterOf(query), [query]);
  const span = useMemo(() => spanOf(filter), [filter]);
  const summary = useQuery<Summary>(mayRead ? `${auditPath}/summary` : undefined);
  const entries = useList<AuditEntry>(mayRead ? `${auditPath}${ask({ ...span, actor: filter.actor, action: filter.action, object: filter.object })}` : undefined);
  const checkpoints = useQuery<{ data: Checkpoint[] }>(mayRead ? `${auditPath}/checkpoints` : undefined);
  const streams = useQuery<{ data: Stream[] }>(mayRead && mayManage ? streamsPath : undefined, 30_000);
  const [streaming, setStreaming] = useState(false);
  // between two questions the last answer stays: a filter does not blank the page
  const last = useRef<AuditEntry[]>();
  last.current = entries.data ?? last.current;
  const sub = <p className="page-sub">Every change, every read of a secret and every visit by us or your provider, in the order it happened.</p>;
  if (!mayRead) return <Page title="Audit log" sub={sub}><Denied what="the audit log" need="read:audit" /></Page>;

  const change = (changes: Record<string, string | undefined>): void => navigate(`/audit${queryWith(query, changes)}`, { replace: true, keepScroll: true });
  const show = (id: string): void => navigate(`/audit/${id}${queryWith(query, {})}`, { replace: open !== undefined, keepScroll: true });
  const isFiltered = filter.period !== "all" || filter.actor !== "" || filter.action !== "" || filter.object !== "";
  const list = last.current ?? [];
  const isReady = (summary.data || summary.problem) && (checkpoints.data || checkpoints.problem) && (!mayManage || streams.data || streams.problem);
  return (
    <Page title="Audit log" sub={sub} actions={<>{mayManage && <Button label="Stream to…" onClick={() => setStreaming(true)} />}<ExportMenu span={span} /></>}>
      <Wait query={{ ...entries, data: isReady && !(entries.problem && !entries.data) ? last.current : undefined }} what="The log" rows={8}>
        {(data) => (
          <>
            {summary.data && <ChainCard summary={summary.data} streams={streams.data?.data ?? []} mayManage={mayManage} />}
            <Filters filter={filter} summary={summary.data} onChange={change} />
            <div className="table-wrap">
              {data.length === 0
                ? <Nothing isFiltered={isFiltered} clear={() => navigate("/audit", { replace: true })} />
                : <AuditTable entries={data} checkpoints={isFiltered ? [] : checkpoints.data?.data ?? []} open={open} onOpen={show} />}
              {data.length > 0 && <MoreFoot shown={!isFiltered && summary.data ? `${data.length} of ${summary.data.total.toLocaleString("en")}` : `${data.length} shown`} list={entries} />}
            </div>
          </>
        )}
      </Wait>
      {open !== undefined && last.current && (
        <EntryDrawer
          id={open} entry={list.find((entry) => entry.id === open)}
          onClose={() => navigate(`/audit${queryWith(query, {})}`, { keepScroll: true })}
          onWalk={(step) => { const next = list[list.findIndex((entry) => entry.id === open) + step]; if (next) show(next.id); }}
        />
      )}
      {streaming && <StreamsDialog onClose={() => setStreaming(false)} />}
    </Page>
  );
}

function Nothing({ isFiltered, clear }: { isFiltered: boolean; clear: () => void }): JSX.Element {
  return isFiltered
    ? <Empty icon="search" title="Nothing like that was recorded" actions={<Button label="Clear filters" onClick={clear} />}>No entry fits all of these filters.</Empty>
    : <Empty icon="shield" title="Nothing has happened yet">The first change leaves the first entry.</Empty>;
}

/** The whole of it or the period on screen, with the signed head that proves it. */
function ExportMenu({ span }: { span: { from?: string; to?: string } }): JSX.Element {
  const link = (format: string): string => `${auditPath}/export${ask({ format, ...span })}`;
  return (
    <MenuButton className="btn" label="Export with proof" end face={<><Icon name="download" /><span className="btn-label">Export with proof</span></>}>
      {(close) => (
        <>
          <a role="menuitem" tabIndex={-1} href={link("jsonl")} download onClick={close}><Icon name="file" />JSON Lines, can be verified</a>
          <a role="menuitem" tabIndex={-1} href={link("csv")} download onClick={close}><Icon name="list" />CSV, for a spreadsheet</a>
        </>
      )}
    </MenuButton>
  );
}
