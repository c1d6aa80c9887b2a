// What became different anywhere, when, and who says so.
import { useList } from "../../kit/list";
import { navigate, queryWith, usePlace, useTitle } from "../../kit/router";
import { Empty } from "../../kit/states";
import { Wait } from "../../kit/Wait";
import { Page } from "../../shell/Shell";
import { Change, kinds } from "./change";
import { Changes } from "./Changes";
import { useFreshList } from "./fresh";

export function TimelinePage(): JSX.Element {
  useTitle("Timeline");
  const { query } = usePlace();
  const kind = kinds.find((one) => one.kind === query.get("kind"))?.kind;
  const list = useList<Change>(`/api/resources/timeline?limit=50${kind ? `&kind=${kind}` : ""}`);
  useFreshList(list);
  const show = (next: string | undefined): void => navigate(`/timeline${queryWith(query, { kind: next })}`, { replace: true, keepScroll: true });
  return (
    <Page title="Timeline" keep sub={<p className="page-sub">What became different, newest first. Values that move all the time are in the charts.</p>}>
      <div className="toolbar">
        <div className="chips grow" role="group" aria-label="Filter by kind">
          <button type="button" className="chip" aria-pressed={kind === undefined} onClick={() => show(undefined)}>All</button>
          {kinds.map((one) => <button key={one.kind} type="button" className="chip" aria-pressed={kind === one.kind} onClick={() => show(kind === one.kind ? undefined : one.kind)}>{one.word}</button>)}
        </div>
      </div>
      <Wait query={list} what="The timeline" rows={6}>
        {(changes) => (
          <div className="table-wrap">
            {changes.length === 0
              ? <Empty icon="clock" title={kind ? "Nothing of this kind yet" : "Nothing has changed yet"}>A machine that restarts, moves, appears or changes its status is told here, and kept for 90 days.</Empty>
              : <Changes changes={changes} list={list} />}
          </div>
        )}
      </Wait>
    </Page>
  );
}
