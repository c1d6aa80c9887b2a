import { ReactNode } from "react";
import { APIProblem } from "./problem";
import { Failed, LoadingTable } from "./states";

interface WaitProps<T> {
  query: { data: T | undefined; problem: APIProblem | undefined; reload: () => void };
  /** "The members": what could not be loaded. */
  what: string;
  rows?: number;
  children: (data: T) => ReactNode;
}

/** Loading, failed, or there. What was there once stays while it is asked for again. */
export function Wait<T>({ query, what, rows, children }: WaitProps<T>): JSX.Element {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.problem) return <div className="table-wrap"><Failed title={`${what} could not be loaded`} problem={query.problem} retry={query.reload} /></div>;
  return <LoadingTable rows={rows} />;
}

/** The foot of a list that may go on. */
export function MoreFoot({ shown, list }: { shown: string; list: { more: (() => void) | undefined; loadingMore: boolean; problem: APIProblem | undefined } }): JSX.Element {
  return (
    <div className="table-foot">
      <span className="grow">{shown}</span>
      {list.problem && <span role="alert">{list.problem.sentence}</span>}
      {list.more && <button type="button" className="link" onClick={list.more} aria-disabled={list.loadingMore}>{list.loadingMore ? "Loading…" : "Show more"}</button>}
    </div>
  );
}
