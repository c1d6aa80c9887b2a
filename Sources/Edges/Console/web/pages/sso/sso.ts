// What the wire says of single sign-on, and its codes in plain words.
import { Me } from "../../session/session";

export const providersPath = "/api/security/sso/providers", attemptsPath = "/api/security/sso/attempts", domainsPath = "/api/security/domains";
export const glassPath = "/api/security/sso/break-glass", directoryPath = "/api/security/scim", ssoPolicyPath = "/api/security/sso/policy";

export type Kind = "oidc" | "saml";
export interface Provider {
  id: string; name: string; type: Kind; enabled: boolean; displayName: string; iconUrl?: string; priority: number;
  allowedDomains: string[]; allowedEmails: string[]; allowedGroups: string[]; groupRoleMappings: Record<string, string>; jit: boolean; defaultRole: string;
  oidc?: Record<string, unknown>; saml?: Record<string, unknown>; addresses?: Record<string, string>;
}
export interface Domain {
  domain: string; displayDomain: string; state: "pending" | "verified" | "lost"; isEnforced: boolean; record: { type: string; name: string; value: string };
  members: number; lacks: string[]; createdAt: string; verifiedAt?: string; checkedAt?: string; nextCheckAt?: string; missingSince?: string;
}
export interface Holder { userId: string; displayName: string; email: string; holdsCode: boolean; createdAt?: string; lastUsedAt?: string }
export interface Claim { name: string; values: string[] }
export interface Attempt {
  id: string; at: string; providerId: string; kind: "login" | "link" | "step-up" | "test"; accepted: boolean; reason?: string; detail?: string; userId?: string; address: string; userAgent: string;
  told?: { subject?: string; email?: string; groups?: string[]; claims?: Claim[] };
}

/** What has to be pasted at the provider. It is known before the provider is saved: its id is a part of it. */
export function addresses(me: Me, kind: Kind, id: string): { label: string; value: string }[] {
  const base = `${location.origin}/api/${kind}/${me.organization?.slug ?? ""}/${id}`;
  return kind === "oidc"
    ? [{ label: "Redirect URL", value: `${base}/callback` }, { label: "URL after signing out", value: `${base}/logout` }, { label: "Back-channel logout URL", value: `${base}/backchannel-logout` }]
    : [{ label: "ACS URL (reply URL)", value: `${base}/acs` }, { label: "Entity ID (audience)", value: `${base}/metadata` }, { label: "Metadata URL", value: `${base}/metadata` }, { label: "Single logout URL", value: `${base}/slo` }];
}

const words: Record<string, string> = {
  provider_not_found: "This sign-in does not exist any more. Ask your administrator for the present one.",
  invalid_provider: "This sign-in does not exist any more. Ask your administrator for the present one.",
  invalid_config: "The sign-in is not set up completely. Your administrator has to look at it.",
  provider_not_initialized: "The sign-in is not set up completely. Your administrator has to look at it.",
  oidc_init_failed: "Your organisation's sign-in could not be started. Its provider may be down; try again in a minute.",
  provider_unavailable: "Your organisation's provider does not answer. Try again in a minute.",
  access_denied: "The provider did not let you in, or you cancelled there.",
  missing_state: "The answer came without its question. Begin the sign-in again here.",
  invalid_state: "That sign-in took too long, or was begun in another browser. Begin again here.",
  provider_mismatch: "The answer came from another provider than was asked. Nobody was signed in.",
  missing_code: "The provider's answer was incomplete. Try again.",
  exchange_failed: "The provider did not accept what Pulse sent, often a client secret that has expired. Your administrator has to look at it.",
  missing_id_token: "The provider did not say who you are. Your administrator has to look at it.",
  invalid_id_token: "What the provider said of you could not be trusted. Nobody was signed in.",
  invalid_signature_alg: "The provider signs in a way that is not taken here. Your administrator has to look at it.",
  issuer_mismatch: "The answer came from another issuer than the one that is set up. Nobody was signed in.",
  audience_mismatch: "The answer was meant for another application. Your administrator has to look at the client ID or entity ID.",
  token_expired: "The provider's answer was too old. Check the clocks, and try again.",
  nonce_mismatch: "The answer did not belong to this sign-in. Begin again here.",
  invalid_claims: "What the provider said of you could not be read. Your administrator has to look at it.",
  missing_subject: "The provider did not say who you are. Your administrator has to look at it.",
  saml_validation_failed: "The provider's answer could not be trusted. Your administrator sees why in the sign-in log.",
  email_restricted: "Your address is not among those that may come in by this sign-in.",
  domain_restricted: "Addresses of your domain may not come in by this sign-in.",
  group_restricted: "None of your groups may come in by this sign-in.",
  not_a_member: "You are no member of this organisation yet, and this sign-in makes nobody one. Ask to be invited.",
  linked_to_another: "This identity belongs to another account here. Your administrator can take the two apart.",
  another_person: "The provider knows you as somebody else than who is signed in here.",
  not_fresh: "The provider did not ask you anew. Sign out there, and try again.",
  session_failed: "You were recognised, but no session could be opened. Try again.",
};

/** Why a sign-in was refused, for whoever tried it. */
export const refusal = (code: string): string => words[code] ?? "The sign-in did not work. Your administrator sees why in the sign-in log.";

/** The refusal that an address was come back to with. */
export function refusalIn(query: URLSearchParams): string | undefined {
  const code = query.get("oidc") === "error" ? query.get("oidc_error") : query.get("saml") === "error" ? query.get("saml_error") : null;
  return code === null ? undefined : refusal(code);
}

export const lackWords: Record<string, string> = {
  "verified-domain": "the domain's verification", provider: "a provider that is switched on", "break-glass": "a break-glass code that an owner holds",
};

/** The lines and commas of a text field. */
export const listed = (text: string): string[] => text.split(/[\s,;]+/).map((one) => one.trim()).filter(Boolean);
