// The organisation of the one who looks, and what it shares.
import { Me } from "../../session/session";

export interface OrganisationDetail {
  id: string; slug: string; displayName: string; role: string; status: string; suspendReason?: string; createdAt: string; memberCount: number; pendingInvitationCount: number;
  deletionRequestedAt?: string; deleteAfter?: string; retentionDays?: number;
}
export const organisationPath = (me: Me): string => `/api/orgs/${me.organization?.id ?? ""}`;

export interface Share { id: string; targetOrgId?: string; targetSlug: string; resourceType?: string; resourceId: string; resourceName?: string; accessRole: string; status: "pending" | "accepted"; createdAt: string; acceptedAt?: string }
