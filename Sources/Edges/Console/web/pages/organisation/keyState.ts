// The state of the organisation's encryption keys. Never the keys.

export interface Rotation { id: string; kind: "data" | "wrapping"; state: "waiting" | "rewriting" | "settling" | "done" | "failed"; rewritten: number; remaining?: number; startedAt: string; finishedAt?: string; problem?: string }
export interface KeyState {
  provider: string; wrappingKey?: { id: string; provider: string; reference?: string; isOwn: boolean; createdAt: string };
  dataKeys: { id: string; version: number; state: "current" | "retiring"; createdAt: string }[];
  ownKey?: { provider: string; reference: string; credentialsSet: boolean; setAt: string }; ownKeyProviders: string[]; rotation?: Rotation;
}
export const keysPath = "/api/security/keys";
export const providerWords: Record<string, string> = { file: "A file of this installation", environment: "This installation", "aws-kms": "AWS KMS", transit: "Vault or OpenBao Transit" };
