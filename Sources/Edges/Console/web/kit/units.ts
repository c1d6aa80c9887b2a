// Numbers as people read them: SI with a space, IEC for memory and storage, fixed digits so that nothing jumps.
export interface Measure { value: string; unit: string }

const iec = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const siBytes = ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"];
const siBits = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"];

/** Three significant digits at most: 3.61, 36.1, 361. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 99.95) return value.toFixed(0);
  return size >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}

function scaled(value: number, base: number, units: string[]): Measure {
  let index = 0, rest = value;
  // 999.5 would print as "1000": go on to the next unit instead
  while (Math.abs(rest) >= base - 0.5 && index < units.length - 1) { rest /= base; index += 1; }
  return { value: index === 0 ? rest.toFixed(0) : digits(rest), unit: units[index] ?? "" };
}

export const bytes = (value: number): Measure => scaled(value, 1024, iec);
export const bytesPerSecond = (value: number): Measure => scaled(value, 1000, siBytes);
/** Network counters arrive in bytes a second and are read in bits. */
export const bitsPerSecond = (value: number): Measure => scaled(value * 8, 1000, siBits);

/** `3.61 of 6.94 TiB`: both in the unit of the larger. */
export function bytesOf(used: number, total: number): { used: string; total: string; unit: string } {
  const whole = bytes(total);
  const divisor = 1024 ** Math.max(0, iec.indexOf(whole.unit));
  return { used: digits(used / divisor), total: whole.value, unit: whole.unit };
}

/** Megabits a second with one decimal, for the table's fixed column. */
export function megabits(bytesEachSecond: number): string {
  const value = bytesEachSecond * 8 / 1e6;
  if (value >= 9_999.5) return `${(value / 1000).toFixed(1)}k`;
  return value >= 99.95 ? value.toFixed(0) : value.toFixed(1);
}

export function percent(value: number): string {
  return Math.round(Math.min(Math.max(value, 0), 100)).toString();
}

/** As it begins and ends a line: `unchanged` is "Unchanged." */
export function asSentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" ? "" : `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? "" : "."}`;
}

/** A span of seconds in its one largest unit: `4 s`, `6 min`, `3 h`, `12 d`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 48 * 3600) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86_400)} d`;
}

/** A span in two units, where there is room: `64 d 3 h`. */
export function longSpan(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400), hours = Math.floor(whole % 86_400 / 3600), minutes = Math.floor(whole % 3600 / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} min`;
  return span(whole);
}

export function pad(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** `14:47`, in the person's zone. */
export function clock(at: Date, seconds = false): string {
  return `${pad(at.getHours())}:${pad(at.getMinutes())}${seconds ? `:${pad(at.getSeconds())}` : ""}`;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `12 Mar 14:47`; the year only when it is not this one. */
export function dateTime(at: Date, now = new Date()): string {
  const year = at.getFullYear() === now.getFullYear() ? "" : ` ${at.getFullYear()}`;
  return `${at.getDate()} ${months[at.getMonth()] ?? ""}${year} ${clock(at)}`;
}

/** `12 Mar`, for what is counted in days; the year only when it is not this one. */
export function dateOnly(at: Date, now = new Date()): string {
  return `${at.getDate()} ${months[at.getMonth()] ?? ""}${at.getFullYear() === now.getFullYear() ? "" : ` ${at.getFullYear()}`}`;
}

/** A moment of a chart: the time of day says it while the chart shows a day at most, `12 Mar 14:47` after. */
export function moment(at: number, isLong: boolean, seconds = false): string {
  return isLong ? dateTime(new Date(at)) : clock(new Date(at), seconds);
}

/** The same below an axis, where the year has no room and the range says it; of weeks the days alone. `length` in milliseconds. */
export function axisTime(at: number, length: number): string {
  const date = new Date(at), day = `${date.getDate()} ${months[date.getMonth()] ?? ""}`;
  return length <= 86_400_000 ? clock(date) : length <= 14 * 86_400_000 ? `${day} ${clock(date)}` : day;
}

/** Relative under a day, a date after. */
export function when(at: Date, now: Date): string {
  const seconds = (now.getTime() - at.getTime()) / 1000;
  if (seconds < 5) return "now";
  return seconds < 86_400 ? `${span(seconds)} ago` : dateTime(at, now);
}

/** `2:05` until something, for waits of minutes. */
export function countdown(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  return `${Math.floor(whole / 60)}:${pad(whole % 60)}`;
}
