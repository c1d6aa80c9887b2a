// Customers of a provider as the server tells them.
import { Mark } from "../../kit/Status";

export interface Summary { resources: number; online: number; offline: number; warning: number; unknown: number; agents: number; updatedAt: string }
export interface Customer { grantId: string; orgId: string; slug: string; displayName: string; role: string; status: string; expiresAt: string; summary?: Summary }
export interface Overview { data: Customer[]; totals: { customers: number; resources: number; online: number; offline: number; warning: number; unknown: number } }
export interface ProviderGrant { id: string; customer: { orgId: string; slug: string; displayName: string }; role: string; status: string; createdAt: string; expiresAt: string; acceptedAt?: string }

export const customersPath = "/api/provider/customers";
export const providerGrantsPath = "/api/provider/grants";

/** The worst that is true of any machine there; a suspended customer is not watched, so nothing is known. */
export type Worst = "offline" | "warning" | "unknown" | "ok";

export function worstOf({ summary, status }: Customer): Worst {
  if (!summary || status === "suspended" || status === "pending_deletion") return "unknown";
  if (summary.offline > 0) return "offline";
  if (summary.warning > 0) return "warning";
  return summary.unknown > 0 || summary.resources === 0 ? "unknown" : "ok";
}

export const worstWord: Record<Worst, string> = { offline: "Offline", warning: "Warning", unknown: "Unknown", ok: "Healthy" };
export const worstMark: Record<Worst, Mark> = { offline: "offline", warning: "warning", unknown: "unknown", ok: "ok" };
const severity: Record<Worst, number> = { offline: 0, warning: 1, unknown: 2, ok: 3 };

/** Who needs someone first, then by name. */
export const byNeed = (a: Customer, b: Customer): number =>
  severity[worstOf(a)] - severity[worstOf(b)] || a.displayName.localeCompare(b.displayName, undefined, { numeric: true, sensitivity: "base" });

export function worstText(customer: Customer): string {
  const { summary, status } = customer;
  if (status === "suspended") return "Suspended";
  if (status === "pending_deletion") return "Being deleted";
  if (!summary) return "Not told yet";
  const worst = worstOf(customer);
  if (worst === "ok") return "Healthy";
  if (summary.resources === 0) return "No machines";
  return `${summary[worst]} ${worstWord[worst].toLowerCase()}`;
}
