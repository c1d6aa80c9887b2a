// A place where machines stand.
export interface Site { id: string; name: string; description?: string; tags: string[]; createdAt: string; agentCount?: number }
export const sitesPath = "/api/sites";
