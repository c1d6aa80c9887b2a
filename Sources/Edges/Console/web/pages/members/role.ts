// Roles: rules of (action, resource, effect), inherited, deny wins. What a cell of the matrix shows is worked out here.
import { roleLabel } from "./member";

export interface Conditions { sites?: string[]; tags?: string[] }
export interface Rule { action: string; resource: string; effect: "allow" | "deny"; conditions?: Conditions }

export interface CustomRole {
  id: string; name: string; description?: string; parentId?: string; rules: Rule[]; builtIn: boolean; memberCount: number; createdAt?: string; updatedAt?: string;
}

export interface RoleList { data: CustomRole[]; permissions: string[] }
export const rolesPath = "/api/admin/roles";
export const roleName = (role: CustomRole): string => role.builtIn ? roleLabel(role.id) : role.name;

/** What an editor changes; the rest of a role is the server's. */
export interface RoleDraft { name: string; description: string; parentId: string; rules: readonly Rule[] }

export const draftOf = (role: CustomRole | undefined): RoleDraft => ({
  name: role?.name ?? "", description: role?.description ?? "", parentId: role?.parentId ?? "", rules: role?.rules ?? [],
});

export const draftBody = (draft: RoleDraft): unknown => ({
  name: draft.name.trim(), description: draft.description.trim(), ...draft.parentId ? { parentId: draft.parentId } : {}, rules: draft.rules,
});

export const actions = ["*", "read", "manage", "own"] as const;
export const actionWords: Record<string, string> = { "*": "Anything", read: "Read", manage: "Manage", own: "Own" };
const resourceWords: Record<string, string> = {
  "*": "Everything", monitoring: "Machines and measurements", org: "Organisation", members: "Members and invitations", roles: "Roles", tokens: "API tokens",
  agents: "Agents", sites: "Sites", sharing: "Sharing", providers: "Providers and support", audit: "Audit log", keys: "Encryption keys", security: "Sign-in rules",
};
export const resourceWord = (resource: string): string => resourceWords[resource] ?? resource;

/** The rows of the matrix: everything, then each kind of thing with the actions that exist for it. */
export function matrixRows(permissions: readonly string[]): { resource: string; actions: ReadonlySet<string> }[] {
  const rows = new Map<string, Set<string>>([["*", new Set(actions)]]);
  for (const permission of permissions) {
    const [action = "", resource = ""] = permission.split(":");
    const row = rows.get(resource) ?? new Set(["*"]);
    rows.set(resource, row.add(action));
  }
  return [...rows].map(([resource, found]) => ({ resource, actions: found }));
}

const matches = (rule: Rule, action: string, resource: string): boolean =>
  (rule.action === action || rule.action === "*") && (rule.resource === resource || rule.resource === "*");
const isExact = (rule: Rule, action: string, resource: string): boolean =>
  rule.action === action && rule.resource === resource && !isConditional(rule);
export const isConditional = (rule: Rule): boolean => (rule.conditions?.sites?.length ?? 0) + (rule.conditions?.tags?.length ?? 0) > 0;

/** The chain of roles this one inherits from, nearest first; a circle ends it. */
export function ancestors(parentId: string, roles: readonly CustomRole[]): CustomRole[] {
  const chain: CustomRole[] = [];
  for (let id = parentId; id !== "";) {
    const parent = roles.find((role) => role.id === id);
    if (!parent || chain.includes(parent)) break;
    chain.push(parent);
    id = parent.parentId ?? "";
  }
  return chain;
}

export interface Cell {
  grant: "none" | "allow" | "deny" | "inherit" | "limited";
  /** The rule of this very cell, which a press changes. */
  own: "none" | "allow" | "deny";
  /** In words, for the eye that hovers and the ear. */
  because: string;
}

export function cellOf(draft: RoleDraft, chain: readonly CustomRole[], action: string, resource: string): Cell {
  const own = draft.rules.find((rule) => isExact(rule, action, resource))?.effect ?? "none";
  const here = draft.rules.filter((rule) => matches(rule, action, resource) && !isExact(rule, action, resource));
  const above = chain.flatMap((role) => role.rules.filter((rule) => matches(rule, action, resource)).map((rule) => ({ rule, role })));
  const whole = (rule: Rule): boolean => !isConditional(rule);
  const deniedAbove = above.find(({ rule }) => rule.effect === "deny" && whole(rule));
  if (deniedAbove) return { grant: "deny", own, because: own === "allow" ? `allowed here, but denied by ${roleName(deniedAbove.role)}, which wins` : `denied by ${roleName(deniedAbove.role)}` };
  if (own === "deny") return { grant: "deny", own, because: "denied here, wins over all" };
  const wider = here.find((rule) => rule.effect === "deny" && whole(rule));
  if (wider) return { grant: "deny", own, because: `denied here by ${ruleWord(wider)}` };
  const isCut = [...here, ...above.map(({ rule }) => rule)].some((rule) => rule.effect === "deny" && isConditional(rule));
  if (own === "allow") return { grant: isCut ? "limited" : "allow", own, because: isCut ? "allowed here, denied in some places" : "allowed here" };
  const allowed = here.find((rule) => rule.effect === "allow" && whole(rule));
  if (allowed) return { grant: isCut ? "limited" : "inherit", own, because: `allowed here by ${ruleWord(allowed)}` };
  const inherited = above.find(({ rule }) => rule.effect === "allow" && whole(rule));
  if (inherited) return { grant: isCut ? "limited" : "inherit", own, because: `from ${roleName(inherited.role)}` };
  if ([...here, ...above.map(({ rule }) => rule)].some((rule) => rule.effect === "allow")) return { grant: "limited", own, because: "only in some places" };
  return { grant: "none", own, because: "not granted" };
}

export const ruleWord = (rule: { action: string; resource: string }): string =>
  `${(actionWords[rule.action] ?? rule.action).toLowerCase()}, ${resourceWord(rule.resource).toLowerCase()}`;

/** None, allowed, denied, none: what the next press makes of a cell. */
export function pressed(rules: readonly Rule[], action: string, resource: string, own: Cell["own"]): readonly Rule[] {
  const rest = rules.filter((rule) => !isExact(rule, action, resource));
  if (own === "deny") return rest;
  return [...rest, { action, resource, effect: own === "none" ? "allow" : "deny" }];
}

const ruleKey = (rule: Rule): string => JSON.stringify([rule.action, rule.resource, rule.effect, rule.conditions?.sites ?? [], rule.conditions?.tags ?? []]);

/** How many things a save would change. */
export function changesOf(before: RoleDraft, after: RoleDraft): number {
  const old = new Set(before.rules.map(ruleKey)), fresh = new Set(after.rules.map(ruleKey));
  const cells = new Set([...before.rules.filter((rule) => !fresh.has(ruleKey(rule))), ...after.rules.filter((rule) => !old.has(ruleKey(rule)))]
    .map((rule) => `${rule.action}:${rule.resource}:${isConditional(rule) ? ruleKey(rule) : ""}`));
  const words = Number(before.name !== after.name) + Number(before.description !== after.description) + Number(before.parentId !== after.parentId);
  return cells.size + words;
}
