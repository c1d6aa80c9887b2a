// Entries of the audit log as the server tells them, and as a person would say them.
export interface AuditEntry {
  id: string; seq: number; at: string; action: string; actor: string; actorName?: string; through?: string; object: string; objectName?: string;
  before?: Record<string, unknown>; after?: Record<string, unknown>; address?: string; userAgent?: string; requestId?: string; hash: string;
}

export interface Checkpoint { seq: number; hash: string; at: string; keyId: string; isSeal?: boolean }

export interface Summary {
  total: number; actions: { action: string; count: number }[]; actors: { actor: string; actorName?: string; count: number }[];
  chain: { seq: number; hash: string; at?: string; firstSeq: number; state: "intact" | "broken" | "unchecked"; brokenSeq?: number; checkpoint?: Checkpoint };
  retentionDays: number;
}

const verbs: Record<string, string> = {
  create: "created", update: "changed", delete: "deleted", remove: "removed", revoke: "revoked", restore: "restored", enroll: "enrolled", switch: "opened", end: "ended",
  accept: "accepted", decline: "declined", invite: "invited", leave: "left", transfer: "handed over", rotate: "rotated", suspend: "suspended", resume: "resumed",
  export: "exported", import: "imported", read: "read", verify: "verified", assign: "assigned", confirm: "confirmed", request: "asked for", complete: "completed",
  renew: "renewed", rename: "renamed", register: "registered", fail: "failed at", add: "added", enable: "switched on", disable: "switched off", change: "changed", reset: "reset",
  prune: "pruned", seal: "sealed", start: "started", stop: "stopped", shred: "destroyed", erase: "erased", offer: "offered", use: "used", forget: "forgot", blank: "blanked", test: "tested", poll: "asked", lose: "lost",
};
const nouns: Record<string, string> = {
  organisation: "the organisation", org: "the organisation", session: "a session", user: "their profile", enrollment_token: "an enrolment token", agent: "agent", member: "member",
  invitation: "an invitation", role: "role", token: "API token", api_token: "API token", site: "site", provider_grant: "a provider's grant", audit: "the audit log",
  audit_settings: "audit settings", audit_stream: "an audit stream", key: "an encryption key", data_key: "a data key", password: "the password", totp: "the second factor",
  recovery_codes: "recovery codes", share: "a share", passkey: "a passkey", trusted_issuer: "trusted issuer", machine: "machine", connection: "connection", gateway: "a gateway",
  domain: "the domain", break_glass: "a break-glass code", sso_provider: "the provider", sso_policy: "the rule for sessions", scim_token: "a directory token",
  scim_settings: "the directory's roles", scim_user: "a person, as the directory says", scim_group: "a group, as the directory says",
};

/** What reads badly when it is put together from its parts. */
const phrases: Record<string, string> = {
  "session.create": "signed in", "session.end": "signed out", "session.revoke": "ended a session", "session.confirm": "confirmed who they are", "organisation.switch": "opened the organisation",
  "member.assign": "gave custom roles to", "member.leave": "left the organisation", "ownership.transfer": "handed the organisation over to", "totp.begin": "began to set up the second factor",
  "key.bring": "brought their own encryption key", "key.return": "gave their own encryption key back", "key.rotated": "finished rotating an encryption key",
  "audit_person.blank": "blanked the name of", "device.forget": "forgot a known device", "invitation.accept": "accepted an invitation", "invitation.decline": "declined an invitation",
  "operator.search": "found the organisation in a search", "operator.read": "looked at the organisation's state and size", "organisation.recover": "let an owner back in", "organisation.unsuspend": "restored the organisation",
  "support_access.request": "asked for support access", "support_access.approve": "let support look", "support_access.decline": "declined support access", "support_access.revoke": "ended support access",
  "domain.update": "changed who must come by single sign-on:", "break_glass.use": "came in past single sign-on", "sso.login": "signed in by their provider", "sso.refuse": "was refused at single sign-on",
  "sso.test": "tried a provider", "sso.logout": "was signed out by their provider", "sso.link": "was linked to a provider", "sso.unlink": "took a provider's link away",
  "gateway.connect": "connected as a gateway", "gateway.disconnect": "left as a gateway", "gateway.update": "switched a gateway:",
  "support_access.withdraw": "gave support access back", "support_access.read": "looked inside, with your consent:",
};
/** Their identifiers say nothing to anyone. */
const nameless = new Set(["session", "device", "totp", "password", "recovery_codes", "audit_settings", "organisation", "support_access", "passkey", "share"]);

/** `agent.revoke` is "revoked agent". Words nobody taught us are read as they are written. */
export function actionWords(action: string): string {
  const phrase = phrases[action];
  if (phrase) return phrase;
  const [noun = "", verb = ""] = action.split(".", 2);
  const said = nouns[noun] ?? noun.replace(/_/g, " ");
  return `${verbs[verb] ?? verb.replace(/_/g, " ")} ${said}`.trim();
}

/** For the filter: the noun first, so that the list sorts by what it is about. */
export function actionLabel(action: string): string {
  const [noun = "", verb = ""] = action.split(".", 2);
  return `${noun.replace(/_/g, " ")}: ${(verbs[verb] ?? verb).replace(/_/g, " ")}`;
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "" && value !== "***";

/** The thing by its own name when the entry knows one, else by the end of its identifier. */
export function objectName(entry: AuditEntry): string {
  if (entry.objectName) return entry.objectName;
  for (const side of [entry.after, entry.before]) {
    for (const member of ["name", "displayName", "email", "hostname"]) if (isText(side?.[member])) return side?.[member] as string;
  }
  const [kind = "", ...rest] = entry.object.split(":"), id = rest.join(":");
  if (nameless.has(kind)) return "";
  if (kind === "domain" || kind === "sso_provider") return id;
  return id.length > 12 ? `…${id.slice(-8)}` : id;
}

export function actorName(entry: { actor: string; actorName?: string }): string {
  if (entry.actorName) return entry.actorName;
  const [kind, id = ""] = entry.actor.split(":", 2);
  switch (kind) {
    case "user": return "Someone removed";
    case "token": return "API token";
    case "agent": return `Agent …${id.slice(-8)}`;
    case "operator": return "Pulse support";
    case "scim": return "The directory";
    case "external": return "A trusted issuer's program";
    case "system": return `Pulse, ${id.replace(/[_-]/g, " ")}`;
    default: return entry.actor;
  }
}

/** By what right, or through what, it was done. */
export function throughWords(entry: AuditEntry): string {
  const through = entry.through ?? "", kind = entry.actor.split(":")[0] ?? "";
  if (through.startsWith("grant:")) return "through a provider's grant";
  if (through.startsWith("consent:")) return "operator, with your consent";
  if (kind === "operator") return "operator";
  if (kind === "token") return through.startsWith("user:") ? "API token of a person" : "API token of a service";
  if (kind === "external") return through.replace(/^external:/, "") || "trusted issuer";
  if (kind === "agent") return "agent";
  return kind === "system" ? "by itself" : through.startsWith("session:") ? "session" : kind;
}

/** Someone from outside the organisation: worth a mark. */
export const isOutsider = (entry: AuditEntry): boolean => entry.actor.startsWith("operator:") || (entry.through ?? "").startsWith("grant:");

export const shortHash = (hash: string): string => `${hash.slice(0, 4)}…${hash.slice(-4)}`;

export interface ChangeLine { name: string; before: string | undefined; after: string | undefined }

/** Member by member what was and what is. */
export function changeLines({ before = {}, after = {} }: AuditEntry): ChangeLine[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].map((name) => ({ name, before: text(before[name]), after: text(after[name]) }));
}

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
}
