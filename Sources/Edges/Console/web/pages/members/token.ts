// API tokens and enrolment tokens as the server tells them.
export interface Token {
  id: string; name: string; kind: "user" | "service"; ownerUserId?: string; role?: string; scopes: string[]; allowedAddresses: string[]; prefix: string;
  createdAt: string; createdBy?: string; expiresAt?: string; lastUsedAt?: string; lastUsedAddress?: string; replacedBy?: string;
}

export interface TokenList { data: Token[]; scopes: string[] }
export interface MintedToken { token: string; record: Token; previous?: Token }
export const tokensPath = "/api/security/tokens";

export const isExpired = (token: Token, now: number): boolean => token.expiresAt !== undefined && Date.parse(token.expiresAt) <= now;

const meanings: Record<string, string> = {
  "monitoring:read": "look at machines and measurements", "monitoring:write": "change what is watched and how", "docker:report": "send what containers do", "docker:manage": "change container hosts",
  "kubernetes:report": "send what clusters do", "kubernetes:manage": "change clusters", "agent:report": "send measurements", "agent:config:read": "fetch an agent's settings",
  "agent:manage": "change and remove agents", "agent:exec": "carry out what was approved", "agent:enroll": "let machines in", "settings:read": "look at settings, members and roles",
  "settings:write": "change settings, members and roles", "audit:read": "read the audit log", "ai:execute": "let the assistant act", "ai:chat": "ask the assistant", "actions:plan": "propose actions",
  "actions:approve": "approve actions", "actions:execute": "carry out actions", "relay:mobile:access": "reach this organisation from the phone app",
};
export const scopeMeaning = (scope: string): string => meanings[scope] ?? "";

/** `monitoring:read` stands under `monitoring`; the star is a choice of its own. */
export function scopeGroups(scopes: readonly string[]): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const scope of scopes) {
    if (scope === "*") continue;
    const group = scope.split(":")[0] ?? "";
    groups.set(group, [...groups.get(group) ?? [], scope]);
  }
  return [...groups];
}

/** `10.0.0.0/8, 192.0.2.7`: one a comma, space or line. */
export const addressList = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

export function addressesError(text: string): string | undefined {
  const wrong = addressList(text).find((one) => !/^([\da-f:.]+)(\/\d{1,3})?$/i.test(one));
  return wrong ? `“${wrong}” is no address or range. Ranges look like 10.20.0.0/16.` : undefined;
}

export const lifetimes: readonly { value: string; label: string }[] = [
  { value: "720h", label: "30 days" }, { value: "2160h", label: "90 days" }, { value: "8760h", label: "1 year" }, { value: "", label: "Until revoked" },
];
