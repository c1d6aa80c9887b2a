// The cells that the tables of the inventory share. Each is drawn again only when what it shows has changed.
import { memo } from "react";
import { Age } from "../../kit/Age";
import { RowShell } from "../../kit/DataTable";
import { Icon, IconName } from "../../kit/Icon";
import { Meter, MeterProps } from "../../kit/Meter";
import { Link } from "../../kit/router";
import { Mark, Status } from "../../kit/Status";

export interface RowProps {
  shell: RowShell;
  address: string;
  /** The hour the sparklines cover, in whole minutes so that rows do not repaint for nothing. */
  hourEnd: number;
  /** The line to the server is lost: what is shown is old. */
  disconnected: boolean;
}

export function sameRow(before: RowProps, after: RowProps): boolean {
  return before.hourEnd === after.hourEnd && before.disconnected === after.disconnected && before.address === after.address
    && before.shell["data-row"] === after.shell["data-row"] && before.shell["aria-rowindex"] === after.shell["aria-rowindex"]
    && before.shell["aria-selected"] === after.shell["aria-selected"] && before.shell.tabIndex === after.shell.tabIndex;
}

export const NameCell = memo(function NameCell({ name, under, icon, address }: { name: string; under: string; icon: IconName; address: string }): JSX.Element {
  return (
    <td role="cell" className="c-name">
      <div className="cell-name">
        <span className="kind"><Icon name={icon} /></span>
        <div><Link to={address} className="name" tabIndex={-1} keepScroll>{name}</Link><span className="sub">{under}</span></div>
      </div>
    </td>
  );
});

/** `silentSince`: undefined while it answers, null when it never did. */
export const StatusCell = memo(function StatusCell({ mark, word, silentSince }: { mark: Mark; word: string; silentSince?: number | null }): JSX.Element {
  return (
    <td role="cell" className="c-status">
      <Status mark={mark}>{word}</Status>
      {silentSince !== undefined && <span className="only-narrow sub c-age"><Age at={silentSince ?? undefined} /></span>}
    </td>
  );
});

export const MeterCell = memo(function MeterCell({ label, ...meter }: { label: string } & MeterProps): JSX.Element {
  return <td role="cell" data-label={label}><Meter {...meter} /></td>;
});

/** A number or a word in a column of its own; a dash where nothing is known. */
export const TextCell = memo(function TextCell({ label, text, unit, right, className, level }: {
  label?: string; text: string | undefined; unit?: string; right?: boolean; className?: string; level?: "warning";
}): JSX.Element {
  const classes = [right ? "right" : "", className ?? ""].filter(Boolean).join(" ");
  return (
    <td role="cell" className={classes || undefined} data-label={label}>
      {text === undefined ? <span className="faint">—</span> : <span className="num" data-level={level}>{text}{unit && <span className="unit"> {unit}</span>}</span>}
    </td>
  );
});

export const SeenCell = memo(function SeenCell({ at, isOld }: { at: number | undefined; isOld: boolean }): JSX.Element {
  return <td role="cell" className="right c-drop col-lower"><span className={isOld ? "num age" : "num faint"}><Age at={at} /></span></td>;
});

/** Its place stays until the person sorts, filters or reloads: nothing under the pointer moves. */
export function RemovedRow({ shell, span }: { shell: RowShell; span: number }): JSX.Element {
  return (
    <tr {...shell} data-status="unknown" data-stale="">
      <td role="cell" className="c-name"><div className="cell-name"><span className="kind"><Icon name="minus" /></span><div><span className="name">Removed</span><span className="sub">No longer watched</span></div></div></td>
      <td role="cell" className="c-status"><Status mark="unknown">Removed</Status></td>
      <td role="cell" className="c-drop" colSpan={span} />
    </tr>
  );
}
