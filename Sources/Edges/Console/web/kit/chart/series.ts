// What a chart knows of its data: runs, gaps, the nearest sample, and the sentence that says the same in words.
import { dateOnly, moment, clock } from "../units";

/** Milliseconds; `min` and `max` of what was folded into the point. `isOfPlatform`: what the platform remembered of a time
    when we did not watch. */
export interface Point { t: number; v: number; min?: number; max?: number; isOfPlatform?: boolean }
export interface Series { name: string; points: readonly Point[] }
export interface Gap { from: number; to: number }
/** `gaps`: where nothing was measured, whatever the cause; lines end there. `silent`: those of them in which nothing was
    reported although we watched. `unwatched`: when we did not watch, which says nothing about the machine. */
export interface Holes { gaps: readonly Gap[]; silent: readonly Gap[]; unwatched: readonly Gap[] }

/** More than a day: the time of day alone would be said of several days. */
export const isLong = (start: number, end: number): boolean => end - start > 86_400_000;

/** How far samples usually lie apart: what is asked once in five minutes has no gaps because of that. Few say nothing. */
function usualDistance(times: readonly number[]): number {
  const distances = times.slice(1).map((time, index) => time - (times[index] ?? time)).sort((a, b) => a - b);
  return distances.length < 4 ? 0 : distances[distances.length * 3 >> 2] ?? 0;
}

/** Stretches without a sample that are longer than two and a half steps: a single late report is not a gap. `outages`: when
    we did not watch, in order of time. */
export function holesOf(series: readonly Series[], outages: readonly Gap[], start: number, end: number, stepSeconds: number): Holes {
  const times = [...new Set(series.flatMap((one) => one.points.map((point) => point.t)))].sort((a, b) => a - b);
  const step = Math.max(stepSeconds, 10) * 1_000, limit = Math.max(step, usualDistance(times)) * 2.5;
  const gaps = gapsOf(times, start, end, limit);
  const silent: Gap[] = [], unwatched: Gap[] = [];
  const within = outages.map(({ from, to }) => ({ from: Math.max(from, start), to: Math.min(to, end) })).filter(({ from, to }) => from < to);
  for (const gap of gaps) {
    // the samples around an outage are a little before and after it: what is left over and no gap by itself belongs to it
    let from = gap.from;
    for (const outage of within) {
      if (outage.to <= gap.from || outage.from >= gap.to) continue;
      if (outage.from - from > limit) silent.push({ from, to: outage.from });
      const absent = { from: outage.from - from > limit ? outage.from : Math.min(from, outage.from), to: outage.to };
      const before = unwatched[unwatched.length - 1];
      if (before && absent.from <= before.to) before.to = Math.max(before.to, absent.to); else unwatched.push(absent);
      from = outage.to;
    }
    const last = unwatched[unwatched.length - 1];
    if (from === gap.from || gap.to - from > limit) silent.push({ from, to: gap.to });
    else if (last) last.to = Math.max(last.to, gap.to);
  }
  // one that is full of what the platform remembered; a shorter one than a step cannot be seen
  unwatched.push(...within.filter(({ from, to }) => to - from >= step && !unwatched.some((other) => other.from < to && other.to > from)));
  return { gaps, silent, unwatched: unwatched.sort((a, b) => a.from - b.from) };
}

function gapsOf(times: readonly number[], start: number, end: number, limit: number): Gap[] {
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

/** `13:50 to 13:57`; with their dates in a long chart, the second only when it is another. */
export function gapWords(gaps: readonly Gap[], hasDates: boolean): string {
  const shown = gaps.slice(0, 3).map(({ from, to }) => {
    const isSameDay = dateOnly(new Date(from)) === dateOnly(new Date(to));
    return `${moment(from, hasDates)} to ${isSameDay ? clock(new Date(to)) : moment(to, hasDates)}`;
  });
  return gaps.length > 3 ? `${shown.join(", ")} and ${gaps.length - 3} more` : shown.join(", ");
}

/** The chart in one sentence, for those who do not see it. */
export function summary(
  title: string, rangeWord: string, series: readonly Series[], { silent, unwatched }: Holes, hasDates: boolean, format: (value: number) => string,
): string {
  const at = (point: Point): string => (hasDates ? `on ${moment(point.t, true)}` : `at ${moment(point.t, false)}`);
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
    return `${name}now ${format(last.v)}, average ${format(sum / one.points.length)}, highest ${format(high.v)} ${at(high)}, lowest ${format(low.v)} ${at(low)}`;
  });
  const body = told.length === 0 ? "no data" : told.join("; ");
  const silence = silent.length > 0 && told.length > 0 ? ` No data ${gapWords(silent, hasDates)}.` : "";
  const absence = unwatched.length > 0 ? ` Pulse was not watching ${gapWords(unwatched, hasDates)}.` : "";
  return `${title}, ${rangeWord}: ${body}.${silence}${absence}`;
}
