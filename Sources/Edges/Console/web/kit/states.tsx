// What a page says when it has nothing to show: empty, nothing found, failed, still loading.
import { ReactNode } from "react";
import { useNow } from "./clock";
import { Icon, IconName } from "./Icon";
import { APIProblem } from "./problem";
import { Button } from "./Button";

interface EmptyProps { icon: IconName; title: string; children?: ReactNode; actions?: ReactNode; note?: ReactNode }

export function Empty({ icon, title, children, actions, note }: EmptyProps): JSX.Element {
  return (
    <div className="empty">
      <span className="glyph"><Icon name={icon} /></span>
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {actions && <div className="row-wrap">{actions}</div>}
      {note && <p className="sub">{note}</p>}
    </div>
  );
}

/** `aside` belongs to what is tried again by itself; `nextTry` is when, and absent while that is under way. */
interface FailedProps { title: string; problem: APIProblem; retry: () => void; nextTry?: number; aside?: string }

/** What happened, why, and what happens next. */
export function Failed({ title, problem, retry, nextTry, aside }: FailedProps): JSX.Element {
  return (
    <Empty
      icon="refresh" title={title}
      actions={<Button tone="primary" icon="refresh" label="Try now" onClick={retry} />}
      note={problem.requestId && <>Request <span className="mono">{problem.requestId}</span></>}
    >
      {problem.sentence} {aside}
      {aside !== undefined && <span className="next-try">{nextTry === undefined ? "Trying now." : <>We try again in <Until at={nextTry} />.</>}</span>}
    </Empty>
  );
}

/** Seconds until a local moment, counting down; never negative. */
export function Until({ at }: { at: number }): JSX.Element {
  useNow();
  return <span className="num">{Math.max(1, Math.ceil((at - Date.now()) / 1000))} s</span>;
}

export function Skeleton({ width, thin }: { width: string; thin?: boolean }): JSX.Element {
  return <span className={thin ? "skeleton skeleton-thin" : "skeleton"} style={{ width }} />;
}

/** The role may not see this: who can change that, without a dead end. */
export function Denied({ what, need }: { what: string; need: string }): JSX.Element {
  return (
    <div className="table-wrap">
      <Empty icon="lock" title={`Your role cannot see ${what}`}>
        It needs <span className="mono">{need}</span>. An owner or admin of this organisation can give you a role that has it.
      </Empty>
    </div>
  );
}

/** Lines of a table's height while its rows are on the way. */
export function LoadingTable({ rows = 4 }: { rows?: number }): JSX.Element {
  return (
    <div className="table-wrap loading-table" aria-busy="true">
      <span className="visually-hidden" role="status">Loading</span>
      <ul className="list" aria-hidden="true">
        {Array.from({ length: rows }, (_, index) => <li key={index}><span className="kind" /><div className="grow"><Skeleton width={`${38 - index % 3 * 6}%`} /><Skeleton width={`${60 - index % 4 * 8}%`} thin /></div></li>)}
      </ul>
    </div>
  );
}
