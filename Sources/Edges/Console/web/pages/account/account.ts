// What is known of how the person proves who they are.

export interface Account {
  hasPassword: boolean; stepUpMethods: string[]; freshUntil?: string | null; totp: { enabled: boolean; enabledAt?: string }; recoveryCodesLeft: number; zeroKnowledge: { offered: boolean; registered: boolean };
  passkeys: { id: string; name: string; createdAt: string; lastUsedAt?: string }[];
  devices: { id: string; createdAt: string; lastSeenAt: string; userAgent?: string; current: boolean }[];
}
export const accountPath = "/api/security/account";
