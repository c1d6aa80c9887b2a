// API tokens and enrolment tokens as the server tells them.
export interface Token {
  id: string; name: string; kind: "user" | "service"; ownerUserId?: string; role?: string; scopes: string[]; allowedAddresses: string[]; prefix: string;
  createdAt: string; createdBy?: string; expiresAt?: string; lastUsedAt?: string; lastUsedAddress?: string; replacedBy?: string;
}

export interface Scope { name: string; summary: string }
export interface TokenList { data: Token[]; scopes: Scope[] }
export interface MintedToken { token: string; record: Token; previous?: Token }
export const tokensPath = "/api/security/tokens";

export const isExpired = (token: Token, now: number): boolean => token.expiresAt !== undefined && Date.parse(token.expiresAt) <= now;

/** `monitoring:read` stands under `monitoring`; the star is a choice of its own. */
export function scopeGroups(scopes: readonly Scope[]): [string, Scope[]][] {
  const groups = new Map<string, Scope[]>();
  for (const scope of scopes) {
    if (scope.name === "*") continue;
    const group = scope.name.split(":")[0] ?? "";
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
