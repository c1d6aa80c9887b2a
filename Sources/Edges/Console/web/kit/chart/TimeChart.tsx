// A chart of one subject over time: picture, crosshair, the same in words, and the same as a table.
import { KeyboardEvent, PointerEvent, ReactNode, useContext, useEffect, useId, useMemo, useRef, useState } from "react";
import { useShownTheme } from "../preferences";
import { Measure, moment } from "../units";
import { ChartTable } from "./ChartTable";
import { CrosshairContext } from "./crosshair";
import type { ChartEngine, Picture } from "./engine";
import { Gap, Holes, holesOf, isLong, nearest, Point, roundUp, Series, summary } from "./series";

export interface TimeChartProps {
  title: string;
  /** The present value, at the right of the head. */
  now: ReactNode;
  series: readonly Series[];
  /** When we did not watch, in order of time. */
  outages: readonly Gap[];
  start: number;
  end: number;
  stepSeconds: number;
  rangeWord: string;
  format: (value: number) => Measure;
  /** Fixed top of the axis (100 for percent, the total of memory); else a round number above the highest. */
  top?: number;
  /** What one of the stored unit is in the unit shown, where they differ by more than a power of ten: 8 for bits. */
  factor?: number;
  trigger?: { value: number; label: string };
  tall?: boolean;
  asTable: boolean;
}

const text = ({ value, unit }: Measure): string => `${value} ${unit}`;

export function TimeChart(props: TimeChartProps): JSX.Element {
  const { title, series, outages, start, end, stepSeconds, format } = props;
  const titleID = useId();
  const holes = useMemo(() => holesOf(series, outages, start, end, stepSeconds), [series, outages, start, end, stepSeconds]);
  const hasDates = isLong(start, end);
  return (
    <section className="chart-block" aria-labelledby={titleID}>
      <div className="chart-head">
        <h3 id={titleID}>{title}</h3>
        {series.length > 1 && <Legend series={series} />}
        <span className="now">{props.now}</span>
      </div>
      {props.asTable
        ? <ChartTable title={title} series={series} hasDates={hasDates} format={format} />
        : <Plot {...props} holes={holes} hasDates={hasDates} summary={summary(title, props.rangeWord, series, holes, hasDates, (value) => text(format(value)))} />}
    </section>
  );
}

function Legend({ series }: { series: readonly Series[] }): JSX.Element {
  return <span className="legend">{series.map((one, index) => <span key={one.name}><i className={`k${index % 6 + 1}`} />{one.name}</span>)}</span>;
}

function pictureOf(props: TimeChartProps, holes: Holes): Picture {
  const highest = Math.max(0, ...props.series.map((one) => one.points.reduce((most, point) => Math.max(most, point.v), 0)));
  const factor = props.factor ?? 1;
  const top = props.top ?? roundUp(highest * 1.1 * factor) / factor;
  const measure = props.format(top), isPercent = measure.unit === "%";
  const tick = (value: number): string => String(Number(value.toPrecision(3)));
  const isNear = props.trigger && highest >= props.trigger.value * 0.75;
  return {
    series: props.series, holes, start: props.start, end: props.end, stepSeconds: props.stepSeconds, top,
    ticks: ["0", tick(Number(measure.value) / 2), isPercent ? `${tick(Number(measure.value))}%` : tick(Number(measure.value))],
    unit: isPercent ? "" : measure.unit, trigger: isNear ? props.trigger?.value : undefined, triggerLabel: props.trigger?.label,
  };
}

function Plot(props: TimeChartProps & { holes: Holes; hasDates: boolean; summary: string }): JSX.Element {
  const { series, start, end, stepSeconds, holes, hasDates } = props;
  const id = useId();
  const crosshair = useContext(CrosshairContext);
  const canvas = useRef<HTMLCanvasElement>(null);
  const engine = useRef<ChartEngine>();
  const [cross, setCross] = useState<{ time: number; isOwner: boolean } | undefined>();
  const picture = useMemo(() => pictureOf(props, holes), [series, start, end, stepSeconds, holes, props.top]); // eslint-disable-line
  const latest = useRef(picture);
  latest.current = picture;
  const theme = useShownTheme();

  useEffect(() => {
    let gone = false;
    void import("./engine").then(({ ChartEngine }) => {
      if (!gone && canvas.current) engine.current = new ChartEngine(canvas.current, latest.current);
    });
    return () => { gone = true; engine.current?.destroy(); engine.current = undefined; };
  }, []);
  useEffect(() => engine.current?.update(picture), [picture]);
  useEffect(() => engine.current?.recolor(), [theme]);
  useEffect(() => crosshair.subscribe(() => {
    engine.current?.point(crosshair.time);
    setCross(crosshair.time === undefined ? undefined : { time: crosshair.time, isOwner: crosshair.owner === id });
  }), [crosshair, id]);

  const reach = Math.max(stepSeconds, 10) * 2_500;
  const snap = (time: number): Point | undefined => {
    const found = series.map((one) => nearest(one.points, time, Infinity)).filter((point): point is Point => point !== undefined);
    return found.sort((a, b) => Math.abs(a.t - time) - Math.abs(b.t - time))[0];
  };

  function hover(event: PointerEvent<HTMLDivElement>): void {
    const box = canvas.current?.getBoundingClientRect();
    if (!box || !engine.current) return;
    const point = snap(engine.current.timeAt(event.clientX - box.left));
    if (point) crosshair.set(point.t, id);
  }

  function press(event: KeyboardEvent): void {
    const times = (series[0]?.points ?? []).map((point) => point.t).filter((time) => time >= start);
    if (times.length === 0) return;
    const from = cross?.time ?? times[times.length - 1] ?? end;
    const at = Math.max(0, times.findIndex((time) => time >= from));
    const target = { ArrowRight: at + 1, ArrowLeft: cross ? at - 1 : at, PageUp: at + 10, PageDown: at - 10, Home: 0, End: times.length - 1 }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    crosshair.set(times[Math.min(Math.max(0, target), times.length - 1)], id);
  }

  const time = cross?.time;
  const readings = time === undefined ? [] : series.map((one) => {
    const point = nearest(one.points, time, reach);
    return { name: one.name, words: point ? text(props.format(point.v)) + (point.isOfPlatform ? ", remembered" : "") : "no data" };
  });
  const valueText = time === undefined ? "Use the arrow keys to read values"
    : `${moment(time, hasDates, true)}, ${readings.map((reading) => series.length > 1 ? `${reading.name} ${reading.words}` : reading.words).join(", ")}`;
  return (
    <div
      className={props.tall ? "chart-frame chart-tall" : "chart-frame"} role="slider" tabIndex={0} aria-label={props.summary}
      aria-valuemin={Math.round(start / 1000)} aria-valuemax={Math.round(end / 1000)}
      aria-valuenow={Math.round((time ?? end) / 1000)} aria-valuetext={valueText} aria-orientation="horizontal"
      onPointerMove={hover} onPointerDown={hover} onPointerLeave={() => crosshair.set(undefined)} onKeyDown={press} onBlur={() => crosshair.set(undefined)}
    >
      <canvas ref={canvas} aria-hidden="true" />
      {cross?.isOwner && time !== undefined && engine.current && (
        <Tooltip x={engine.current.x(time)} width={canvas.current?.clientWidth ?? 0} at={moment(time, hasDates, true)} readings={readings} />
      )}
    </div>
  );
}

function Tooltip({ x, width, at, readings }: {
  x: number; width: number; at: string; readings: { name: string; words: string }[];
}): JSX.Element {
  const side = x > width / 2 ? { right: width - x + 12 } : { left: x + 12 };
  return (
    <div className="tooltip" style={side} aria-hidden="true">
      <b>{at}</b>
      <div className="legend">{readings.map((reading, index) => (
        <span key={reading.name}><i className={`k${index % 6 + 1}`} />{readings.length > 1 ? `${reading.name} ` : ""}{reading.words}</span>
      ))}</div>
    </div>
  );
}
