// Who besides us may say who is calling.

export interface TrustedIssuer {
  id: string; name: string; issuer: string; audience: string; keySource: "url" | "pasted"; jwksUrl?: string; keyIds: string[]; algorithms: string[];
  roleClaim: string; roleMappings: { value: string; role: string }[]; maxTokenAgeSeconds: number; enabled: boolean; createdAt: string; updatedAt: string;
}
export const issuersPath = "/api/security/trusted-issuers";
