import { useLayoutEffect, useRef } from "react";
import { Measure, moment } from "../units";
import { Point, Series } from "./series";

/** The same numbers as the chart for those who read rather than look: in order of time, so that a new one moves none, and
    scrolled to the newest at first. */
export function ChartTable({ title, series, hasDates, format }: {
  title: string; series: readonly Series[]; hasDates: boolean; format: (value: number) => Measure;
}): JSX.Element {
  const rows = new Map<number, (Point | undefined)[]>();
  series.forEach((one, index) => one.points.forEach((point) => {
    const row = rows.get(point.t) ?? new Array<Point | undefined>(series.length).fill(undefined);
    row[index] = point;
    rows.set(point.t, row);
  }));
  const times = [...rows.keys()].sort((a, b) => a - b);
  const frame = useRef<HTMLDivElement>(null);
  const isFilled = times.length > 0;
  useLayoutEffect(() => { frame.current?.scrollTo(0, frame.current.scrollHeight); }, [isFilled]);
  return (
    <div ref={frame} className="chart-table" tabIndex={0} role="region" aria-label={`${title}, as a table`} data-scrolls>
      <table className={hasDates ? "has-dates" : undefined}>
        <thead><tr><th scope="col">Time</th>{series.map((one) => <th key={one.name} scope="col" className="right">{one.name}</th>)}</tr></thead>
        <tbody>{times.map((time) => (
          <tr key={time}>
            <th scope="row" className="num">{moment(time, hasDates, true)}</th>
            {(rows.get(time) ?? []).map((point, index) => <td key={index} className="right num"><Reading point={point} format={format} /></td>)}
          </tr>
        ))}</tbody>
      </table>
      {times.length === 0 && <p className="hint">No measurements in this range yet.</p>}
    </div>
  );
}

function Reading({ point, format }: { point: Point | undefined; format: (value: number) => Measure }): JSX.Element {
  if (!point) return <>—</>;
  const { value, unit } = format(point.v);
  const hasBand = point.min !== undefined && point.max !== undefined && point.max > point.min;
  return (
    <>
      {value} <span className="unit">{unit}</span>
      {point.isOfPlatform && <span className="faint"> remembered</span>}
      {hasBand && <span className="faint"> {format(point.min ?? 0).value} to {format(point.max ?? 0).value} {format(point.max ?? 0).unit}</span>}
    </>
  );
}
