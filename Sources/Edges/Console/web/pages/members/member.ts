// Members and invitations as the server tells them.
import { Me } from "../../session/session";
export interface Member { userId: string; email: string; displayName?: string; role: string; joinedAt: string; addedBy?: string }

export interface Invitation {
  id: string; email: string; role: string; invitedBy?: string; invitedByName?: string; createdAt: string; expiresAt: string; status: "pending" | "expired";
}

export interface BuiltInRole { role: string; label: string; hint: string }

/** Strongest first, as people look for them. */
export const builtInRoles: readonly BuiltInRole[] = [
  { role: "owner", label: "Owner", hint: "Everything, and the organisation itself: hand it over, delete it, take all of it out." },
  { role: "admin", label: "Admin", hint: "Everything but the organisation itself." },
  { role: "editor", label: "Editor", hint: "Looks at everything, changes machines and sites." },
  { role: "viewer", label: "Viewer", hint: "Looks at machines, sites and members; changes nothing." },
  { role: "auditor", label: "Auditor", hint: "Looks at everything including the audit log and keys; changes nothing." },
  { role: "custom", label: "Custom", hint: "Nothing of its own: only what custom roles give." },
];

export const roleLabel = (role: string): string => builtInRoles.find((one) => one.role === role)?.label ?? role;
export const memberName = (member: Member): string => member.displayName || member.email;

/** What an owner alone may give is not offered to others; "custom" is what someone has who was given nothing else. */
export const assignableRoles = (mine: string, now: string): readonly BuiltInRole[] =>
  builtInRoles.filter((one) => (one.role !== "owner" || mine === "owner") && (one.role !== "custom" || now === "custom"));

export const membersPath = (me: Me): string => `/api/orgs/${me.organization?.id ?? ""}/members`;
export const invitationsPath = (me: Me): string => `/api/orgs/${me.organization?.id ?? ""}/invitations`;
