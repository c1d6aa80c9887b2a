// What a chart knows of its data: runs, gaps, the nearest sample, and the sentence that says the same in words.
import { clock } from "../units";

/** Milliseconds; `min` and `max` of what was folded into the point. */
export interface Point { t: number; v: number; min?: number; max?: number }
export interface Series { name: string; points: readonly Point[] }
export interface Gap { from: number; to: number }

/** How far samples usually lie apart: what is asked once in five minutes has no gaps because of that. Few say nothing. */
function usualDistance(times: readonly number[]): number {
  const distances = times.slice(1).map((time, index) => time - (times[index] ?? time)).sort((a, b) => a - b);
  return distances.length < 4 ? 0 : distances[distances.length * 3 >> 2] ?? 0;
}

/** Stretches without a sample that are longer than two and a half steps: a single late report is not a gap. */
export function gapsOf(series: readonly Series[], start: number, end: number, stepSeconds: number): Gap[] {
  const times = [...new Set(series.flatMap((one) => one.points.map((point) => point.t)))].sort((a, b) => a - b);
  const limit = Math.max(Math.max(stepSeconds, 10) * 1_000, usualDistance(times)) * 2.5;
  const gaps: Gap[] = [];
  let before = start;
  for (const time of times) {
    if (time < start) continue;
    if (time - before > limit) gaps.push({ from: before, to: time });
    before = time;
  }
  if (end - before > limit) gaps.push({ from: before, to: end });
  return gaps;
}

/** The sample nearest to a time, unless it lies across a gap. */
export function nearest(points: readonly Point[], time: number, reach: number): Point | undefined {
  let low = 0, high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.t ?? 0) < time) low = middle + 1; else high = middle;
  }
  const after = points[low], before = points[low - 1];
  const best = after && before && time - before.t < after.t - time ? before : after ?? before;
  return best && Math.abs(best.t - time) <= reach ? best : undefined;
}

/** The next round number whose half is round as well: both stand on the axis. */
export function roundUp(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const factor of [1, 1.2, 1.6, 2, 3, 4, 5, 6, 8, 10]) if (factor * power >= value) return factor * power;
  return 10 * power;
}

export function gapWords(gaps: readonly Gap[]): string {
  const shown = gaps.slice(0, 3).map((gap) => `${clock(new Date(gap.from))} to ${clock(new Date(gap.to))}`);
  return gaps.length > 3 ? `${shown.join(", ")} and ${gaps.length - 3} more` : shown.join(", ");
}

/** The chart in one sentence, for those who do not see it. */
export function summary(
  title: string, rangeWord: string, series: readonly Series[], gaps: readonly Gap[], format: (value: number) => string,
): string {
  const told = series.filter((one) => one.points.length > 0).map((one) => {
    let low = one.points[0], high = one.points[0], sum = 0;
    for (const point of one.points) {
      if (low && point.v < low.v) low = point;
      if (high && point.v > high.v) high = point;
      sum += point.v;
    }
    const last = one.points[one.points.length - 1];
    if (!low || !high || !last) return "";
    const name = series.length > 1 ? `${one.name} ` : "";
    return `${name}now ${format(last.v)}, average ${format(sum / one.points.length)}, highest ${format(high.v)} at ${clock(new Date(high.t))}, lowest ${format(low.v)} at ${clock(new Date(low.t))}`;
  });
  const body = told.length === 0 ? "no data" : told.join("; ");
  return `${title}, ${rangeWord}: ${body}.${gaps.length > 0 && told.length > 0 ? ` No data ${gapWords(gaps)}.` : ""}`;
}
