import { memo } from "react";
import { Level } from "./Meter";

/** Milliseconds and percent; null is a gap. */
export type SparkPoint = readonly [number, number | null];

const width = 92, height = 22, inset = 1.5;

/** One hour, percent on 0 to 100, no axis; gaps stay gaps and the last point is marked. */
export const Spark = memo(function Spark({ points, start, end, level }: {
  points: readonly SparkPoint[]; start: number; end: number; level?: Level;
}): JSX.Element {
  const { line, area, last } = outline(points, start, end);
  return (
    <svg className="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" data-level={level} aria-hidden="true">
      <path className="area" d={area} />
      <path d={line} />
      {last && <circle cx={last[0]} cy={last[1]} r="1.6" />}
    </svg>
  );
});

interface Outline { line: string; area: string; last: [number, number] | undefined }

function outline(points: readonly SparkPoint[], start: number, end: number): Outline {
  let line = "", area = "";
  let run: [number, number][] = [];
  let last: [number, number] | undefined;
  const finish = (): void => {
    const first = run[0], final = run[run.length - 1];
    if (!first || !final) return;
    const path = run.map(([x, y]) => `${x},${y}`).join(" ");
    line += `M${path}`;
    if (run.length > 1) area += `M${path} L${final[0]},${height} ${first[0]},${height}Z`;
    last = final;
    run = [];
  };
  for (const [at, value] of points) {
    const x = (at - start) / (end - start) * width;
    if (value === null || x < 0) { finish(); continue; }
    const share = Math.min(Math.max(value, 0), 100) / 100;
    run.push([round(Math.min(x, width)), round(height - inset - share * (height - 2 * inset))]);
  }
  finish();
  return { line, area, last };
}

const round = (value: number): number => Math.round(value * 10) / 10;
