// What the operator plane tells, as it tells it.
import { Mark } from "../kit/Status";

export interface Operator { id: string; email: string; displayName: string; role: "operator" | "operator_admin" }
export interface OperatorRow extends Operator { status: "invited" | "active" | "disabled"; createdAt: string; lastSignInAt?: string }

export interface OrgRow {
  id: string; slug: string; displayName: string; status: string; suspendReason?: "billing" | "abuse"; createdAt: string; memberCount: number; ownerEmail?: string;
}

export interface Usage { members: number; pendingInvitations: number; machines: number; resources: number; apiTokens: number; historyBytes: number; historyRows: number; lastReportAt?: string }

export interface OrgDetail extends OrgRow {
  suspendedAt?: string; deletionRequestedAt?: string; deleteAfter?: string; plan?: string; owners: { userId: string; email: string; displayName?: string }[]; usage: Usage; supportAccess?: Support;
}

export interface Support {
  id: string; orgId: string; orgSlug: string; orgName: string; operatorId: string; operatorName: string; reason: string; minutes: number; status: SupportStatus;
  requestedAt: string; requestExpiresAt: string; decidedAt?: string; expiresAt?: string; endedAt?: string;
}
export type SupportStatus = "pending" | "active" | "declined" | "revoked" | "withdrawn" | "expired";

export interface LogEntry {
  id: string; seq: number; at: string; operatorId?: string; operatorName?: string; action: string; object: string; orgId?: string; note?: string; address?: string; userAgent?: string; requestId?: string;
}

export const api = "/api/operator";
export const orgsPath = `${api}/orgs`;
export const supportPath = `${api}/support-access`;
export const operatorsPath = `${api}/operators`;
export const logPath = `${api}/audit`;

export const roleWord = (role: Operator["role"]): string => role === "operator_admin" ? "Operator admin" : "Operator";

const orgStates: Record<string, { mark: Mark; word: string }> = {
  active: { mark: "ok", word: "Active" }, provisioning: { mark: "pending", word: "Being set up" }, suspended: { mark: "paused", word: "Suspended" },
  pending_deletion: { mark: "critical", word: "Being deleted" }, deleted: { mark: "offline", word: "Deleted" },
};
export const orgState = (status: string): { mark: Mark; word: string } => orgStates[status] ?? { mark: "unknown", word: status };
export const suspendReasons: Record<string, string> = { billing: "An invoice is open", abuse: "Against the terms of use" };

const supportStates: Record<SupportStatus, { mark: Mark; word: string }> = {
  pending: { mark: "pending", word: "Waiting" }, active: { mark: "ok", word: "Active" }, declined: { mark: "offline", word: "Declined" },
  revoked: { mark: "paused", word: "Ended" }, withdrawn: { mark: "paused", word: "Given back" }, expired: { mark: "unknown", word: "Ran out" },
};
export const supportState = (status: string): { mark: Mark; word: string } => supportStates[status as SupportStatus] ?? { mark: "unknown", word: status };
export const isOpen = (support: Support): boolean => support.status === "pending" || support.status === "active";

/** `15 min`, `2 h`, `7 d`. */
export function lengthWord(minutes: number): string {
  if (minutes % 1440 === 0) return `${minutes / 1440} d`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}

export const orgPath = (id: string): string => `${orgsPath}/${encodeURIComponent(id)}`;
