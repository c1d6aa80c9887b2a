import { Button } from "../../kit/Button";
import { APIProblem } from "../../kit/problem";
import { Link } from "../../kit/router";
import { Empty, Failed, Skeleton } from "../../kit/states";
import { statusWord } from "../../kit/Status";
import { resources, useCounts } from "../../live/live";
import { Section, sectionOf, sections } from "../../live/sections";
import { View } from "./order";
import { matches } from "./search";

/** None of this section: with the first step that leads to some. */
export function NothingWatched({ section, isFirst }: { section: Section; isFirst: boolean }): JSX.Element {
  const byAgent = section.name === "infrastructure";
  return (
    <div className="table-wrap">
      <Empty
        icon={section.icon} title={isFirst ? "Nothing is watched yet" : `No ${section.many} yet`}
        actions={byAgent ? <Link className="btn btn-primary" to="/onboarding">Add your first machine</Link> : <Link className="btn btn-primary" to="/connections/new">Connect a platform</Link>}
      >
        {section.none}
      </Empty>
    </div>
  );
}

export function NothingFound({ view, clear }: { view: View; clear: (changes: Record<string, string | undefined>) => void }): JSX.Element {
  const counts = useCounts(view.section), { one, many } = sections[view.section];
  const word = view.status ? statusWord(view.status) : undefined;
  const wanted = view.search.toLowerCase();
  let byText = 0;
  if (wanted) for (const resource of resources.values()) if (sectionOf(resource.type) === view.section && matches(resource, wanted)) byText += 1;
  const title = view.search ? `No ${one} matches “${view.search}”${word ? ` in ${word}` : ""}` : `No ${one} is ${word?.toLowerCase() ?? "here"}`;
  const hints = [
    view.status && view.search ? `${counts[view.status] || "none"} ${counts[view.status] > 1 ? "are" : "is"} in ${word}` : "",
    view.status && view.search ? `${byText || "none"} ${byText > 1 ? "match" : "matches"} “${view.search}”` : "",
  ].filter(Boolean).join(", and ");
  return (
    <Empty
      icon="search" title={title}
      actions={
        <>
          {view.search && <Button label="Clear search" onClick={() => clear({ q: undefined })} />}
          {view.status && <Button tone={view.search ? "quiet" : undefined} label="Show all statuses" onClick={() => clear({ status: undefined })} />}
          {(view.kind || view.on) && <Button tone="quiet" label="Clear filters" onClick={() => clear({ kind: undefined, on: undefined })} />}
        </>
      }
    >
      {hints ? `Of ${counts.all} ${many} ${hints}.` : `There are ${counts.all} ${many} in all.`}
    </Empty>
  );
}

export function FailedList({ problem, retry, nextTry }: { problem: APIProblem; retry: () => void; nextTry: number | undefined }): JSX.Element {
  return (
    <div className="table-wrap">
      <Failed title="The list could not be loaded" problem={problem} retry={retry} nextTry={nextTry} aside="Agents keep what they measure meanwhile." />
    </div>
  );
}

const widths = [["38%", "62%"], ["30%", "50%"], ["44%", "58%"], ["34%", "66%"], ["40%", "54%"], ["28%", "60%"]] as const;

/** The shape of the page at once, numbers later; drawn from the start so that nothing jumps, seen only after 150 ms. */
export function LoadingRows({ visible, many }: { visible: boolean; many: string }): JSX.Element {
  return (
    <div className={visible ? "loading" : "loading loading-early"} aria-busy="true">
      <span className="visually-hidden" role="status">{visible ? `Loading ${many}` : ""}</span>
      <div className="toolbar" aria-hidden="true"><span className="skeleton-control" /></div>
      <div className="table-wrap" aria-hidden="true">
        <table className="table table-cards">
          <colgroup><col /><col style={{ width: "8.25rem" }} /><col style={{ width: "7.5rem" }} /><col style={{ width: "7.5rem" }} /><col style={{ width: "7.5rem" }} /></colgroup>
          <thead><tr><th>Name</th><th>Status</th><th>CPU</th><th>Memory</th><th>Disk</th></tr></thead>
          <tbody>
            {widths.map(([name, sub]) => (
              <tr key={sub}>
                <td className="c-name"><div className="cell-name"><span className="kind" /><div className="grow"><Skeleton width={name} /><Skeleton width={sub} thin /></div></div></td>
                <td className="c-status"><Skeleton width="4rem" /></td>
                <td><Skeleton width="80%" /></td><td><Skeleton width="80%" /></td><td><Skeleton width="80%" /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
