// A long list as a real table: at most 60 rows in the page, one tab stop, arrows or j and k walk it, Enter opens.
import { KeyboardEvent, ReactNode, useLayoutEffect, useRef, useState } from "react";
import { Icon } from "./Icon";
import { preferences } from "./preferences";
import { useWindow } from "./virtual";

export interface Column<Key extends string> {
  key: Key;
  head: string;
  /** CSS width; the one column without takes the rest. */
  width?: string;
  className?: string;
  right?: boolean;
  title?: string;
  /** Beside the head: "2 moved". */
  note?: ReactNode;
}

export interface Sort<Key extends string> { key: Key; descending: boolean }

interface DataTableProps<Key extends string> {
  label: string;
  columns: readonly Column<Key>[];
  sort: Sort<Key>;
  onSort: (sort: Sort<Key>) => void;
  /** Keys in the order shown. */
  rows: readonly string[];
  /** The cells of a row; called for rows on screen only. */
  row: (id: string, shell: RowShell) => JSX.Element;
  selected: string | undefined;
  onOpen: (id: string) => void;
}

/** What a row needs from its table: put these on its `<tr>`. Roles are said aloud because a row drawn as a card loses them. */
export interface RowShell {
  role: "row"; "data-row": string; "aria-rowindex": number; "aria-selected": boolean | undefined; tabIndex: number; id: string;
}

export const rowElementID = (id: string): string => `row-${id}`;

export function DataTable<Key extends string>(props: DataTableProps<Key>): JSX.Element {
  const { columns, rows, selected, onOpen } = props;
  const body = useRef<HTMLTableSectionElement>(null);
  const { first, count, rowHeight } = useWindow(body, rows.length);
  const [active, setActive] = useState<string | undefined>(undefined);
  const wanted = useRef<string | undefined>(undefined);
  const activeIndex = Math.max(0, rows.indexOf(active ?? selected ?? ""));
  const shown = rows.slice(first, first + count);

  useLayoutEffect(() => {
    if (wanted.current === undefined) return;
    const element = document.getElementById(rowElementID(wanted.current));
    if (!element) return;
    wanted.current = undefined;
    element.focus({ preventScroll: true });
  });

  useLayoutEffect(() => {
    const index = selected === undefined ? -1 : rows.indexOf(selected);
    if (index >= 0) reveal(body.current, index, rowHeight);
  }, [selected]); // eslint-disable-line

  function moveTo(index: number): void {
    const target = Math.min(Math.max(0, index), rows.length - 1), id = rows[target];
    if (id === undefined) return;
    setActive(id);
    wanted.current = id;
    reveal(body.current, target, rowHeight);
    if (selected !== undefined) onOpen(id);
  }

  function press(event: KeyboardEvent): void {
    const isRow = event.target instanceof HTMLElement && event.target.matches("tr[data-row]");
    if (!isRow || event.ctrlKey || event.metaKey || event.altKey) return;
    const letters = preferences.get().singleKeys;
    const page = Math.max(1, Math.floor(innerHeight / rowHeight) - 3);
    const steps: Record<string, number | undefined> = {
      ArrowDown: 1, ArrowUp: -1, j: letters ? 1 : undefined, k: letters ? -1 : undefined, PageDown: page, PageUp: -page,
      Home: -rows.length, End: rows.length,
    };
    const step = steps[event.key];
    const id = rows[activeIndex];
    if (step !== undefined) { event.preventDefault(); moveTo(activeIndex + step); }
    else if (event.key === "Enter" && id !== undefined) { event.preventDefault(); onOpen(id); }
  }

  function click(event: React.MouseEvent): void {
    const target = event.target as HTMLElement;
    const id = target.closest<HTMLElement>("tr[data-row]")?.dataset.row;
    if (id === undefined || event.defaultPrevented || target.closest("button")) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || (getSelection()?.toString() ?? "") !== "") return;
    setActive(id);
    onOpen(id);
  }

  return (
    <table className="table table-cards" role="table" aria-label={props.label} aria-rowcount={rows.length + 1} onKeyDown={press} onClick={click}>
      <colgroup>{columns.map((column) => <col key={column.key} className={column.className} style={column.width ? { width: column.width } : undefined} />)}</colgroup>
      <thead role="rowgroup"><tr role="row" aria-rowindex={1}>{columns.map((column) => <Head key={column.key} column={column} sort={props.sort} onSort={props.onSort} />)}</tr></thead>
      <tbody role="rowgroup" ref={body} onFocus={(event) => { const id = (event.target as HTMLElement).dataset.row; if (id !== undefined) setActive(id); }}>
        {first > 0 && <Spacer height={first * rowHeight} span={columns.length} />}
        {shown.map((id, offset) => props.row(id, {
          role: "row", "data-row": id, id: rowElementID(id), "aria-rowindex": first + offset + 2,
          "aria-selected": selected === id ? true : undefined, tabIndex: isTabStop(first + offset) ? 0 : -1,
        }))}
        {first + count < rows.length && <Spacer height={(rows.length - first - count) * rowHeight} span={columns.length} />}
      </tbody>
    </table>
  );

  /** The active row, or the first one drawn while that is scrolled away. */
  function isTabStop(index: number): boolean {
    const isActiveDrawn = activeIndex >= first && activeIndex < first + count;
    return index === (isActiveDrawn ? activeIndex : first);
  }
}

function Spacer({ height, span }: { height: number; span: number }): JSX.Element {
  return <tr className="spacer" aria-hidden="true"><td colSpan={span} style={{ height }} /></tr>;
}

/** Scrolls only as far as needed to show the row below the fixed heads and above the tab bar. */
function reveal(body: HTMLElement | null, index: number, rowHeight: number): void {
  if (!body) return;
  const top = body.getBoundingClientRect().top + index * rowHeight;
  const above = 96, below = innerHeight - 80 - rowHeight;
  if (top < above) scrollBy(0, top - above);
  else if (top > below) scrollBy(0, top - below);
}

function Head<Key extends string>({ column, sort, onSort }: {
  column: Column<Key>; sort: Sort<Key>; onSort: (sort: Sort<Key>) => void;
}): JSX.Element {
  const isSorted = sort.key === column.key;
  const classes = [column.right ? "right" : "", column.className ?? ""].filter(Boolean).join(" ");
  const descending = isSorted ? !sort.descending : column.key !== "name";
  return (
    <th scope="col" role="columnheader" className={classes || undefined} title={column.title} aria-sort={isSorted ? (sort.descending ? "descending" : "ascending") : undefined}>
      <button type="button" onClick={() => onSort({ key: column.key, descending })}>
        {column.head}{isSorted && <Icon name={sort.descending ? "arr-down" : "arr-up"} />}
      </button>
      {column.note}
    </th>
  );
}
