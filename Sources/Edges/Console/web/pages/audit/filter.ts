// What the address asks of the log, and the request it makes.
import { serverNow } from "../../kit/clock";

export type Period = "24h" | "7d" | "30d" | "all" | "own";
export interface Filter { period: Period; from: string; to: string; actor: string; action: string; object: string }

export const periods: readonly { period: Period; label: string }[] = [
  { period: "24h", label: "24 hours" }, { period: "7d", label: "7 days" }, { period: "30d", label: "30 days" }, { period: "all", label: "All" },
];
const lengths: Partial<Record<Period, number>> = { "24h": 86_400_000, "7d": 7 * 86_400_000, "30d": 30 * 86_400_000 };
const day = /^\d{4}-\d\d-\d\d$/;

export function filterOf(query: URLSearchParams): Filter {
  const from = query.get("from") ?? "", to = query.get("to") ?? "";
  const own = day.test(from) || day.test(to);
  const period = own ? "own" : periods.find((one) => one.period === query.get("period"))?.period ?? "all";
  return { period, from: day.test(from) ? from : "", to: day.test(to) ? to : "", actor: query.get("actor") ?? "", action: query.get("action") ?? "", object: query.get("object") ?? "" };
}

/** Midnight of the person's own zone; the last day counts to its end. */
function moment(date: string, days: number): string {
  const [year = 0, month = 1, dayOfMonth = 1] = date.split("-").map(Number);
  return plain(new Date(year, month - 1, dayOfMonth + days));
}

const plain = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, "Z");

/** From and to as the server wants them. The beginning is rounded to a minute, so that looking again asks the same. */
export function spanOf(filter: Filter): { from?: string; to?: string } {
  if (filter.period === "own") return { ...filter.from ? { from: moment(filter.from, 0) } : {}, ...filter.to ? { to: moment(filter.to, 1) } : {} };
  const length = lengths[filter.period];
  return length === undefined ? {} : { from: plain(new Date(Math.floor((serverNow() - length) / 60_000) * 60_000)) };
}

/** A query string with only what was asked for. */
export function ask(members: Record<string, string | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) if (value) query.set(name, value);
  const text = query.toString();
  return text ? `?${text}` : "";
}
