import { Button } from "../../kit/Button";
import { APIProblem } from "../../kit/problem";
import { Link } from "../../kit/router";
import { Empty, Failed, Skeleton } from "../../kit/states";
import { statusWord } from "../../kit/Status";
import { resources, useCounts } from "../../live/live";
import { View } from "./order";
import { matches } from "./search";

export function NothingWatched(): JSX.Element {
  return (
    <div className="table-wrap">
      <Empty icon="server" title="Nothing is watched yet" actions={<Link className="btn btn-primary" to="/onboarding">Add your first machine</Link>}>
        Install the agent on one machine. It takes about a minute, opens no port and only reads.
      </Empty>
    </div>
  );
}

export function NothingFound({ view, clear }: { view: View; clear: (changes: Record<string, string | undefined>) => void }): JSX.Element {
  const counts = useCounts();
  const word = view.status ? statusWord(view.status) : undefined;
  const wanted = view.search.toLowerCase();
  let byText = 0;
  if (wanted) for (const resource of resources.values()) if (matches(resource, wanted)) byText += 1;
  const title = view.search ? `No machine matches “${view.search}”${word ? ` in ${word}` : ""}` : `No machine is ${word?.toLowerCase() ?? "here"}`;
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
        </>
      }
    >
      {hints ? `Of ${counts.all} machines ${hints}.` : `There are ${counts.all} machines in all.`}
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
export function LoadingRows({ visible }: { visible: boolean }): JSX.Element {
  return (
    <div className={visible ? "loading" : "loading loading-early"} aria-busy="true">
      <span className="visually-hidden" role="status">{visible ? "Loading machines" : ""}</span>
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
