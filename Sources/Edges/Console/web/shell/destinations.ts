// Where one can go from everywhere, and what may lie over a page.
import { IconName } from "../kit/Icon";
import { home } from "../kit/router";
import { sections } from "../live/sections";
import { may, Me } from "../session/session";

export interface Destination { to: string; label: string; icon: IconName; keys?: string; needs?: string }
export type Overlay = "palette" | "keys" | "organisation" | undefined;

/** The pages of what is watched, those too that have no place at the foot of a phone. */
export const watchingPages: readonly Destination[] = [
  { to: home, label: "Dashboard", icon: "grid", keys: "G O" },
  ...(["infrastructure", "workloads", "storage"] as const).map((name) => ({ to: sections[name].path, label: sections[name].title, icon: sections[name].icon, keys: sections[name].keys })),
  { to: "/timeline", label: "Timeline", icon: "clock", keys: "G H" },
];
/** Those that fit at the foot of a phone; the rest is behind "More". */
export const pagesAtFoot = watchingPages.slice(0, 4);

const ofOrganisations: readonly Destination[] = [
  { to: "/connections", label: "Connections", icon: "plug", keys: "G C", needs: "read:connections" },
  { to: "/members", label: "Members", icon: "users", keys: "G M", needs: "read:members" },
  { to: "/sites", label: "Sites", icon: "grid", needs: "read:sites" },
  { to: "/sso", label: "Single sign-on", icon: "key", needs: "read:security" },
  { to: "/audit", label: "Audit log", icon: "shield", keys: "G L", needs: "read:audit" },
  { to: "/customers", label: "Customers", icon: "building", needs: "read:providers" },
  { to: "/settings", label: "Settings", icon: "sliders", keys: "G T", needs: "read:org" },
];
export const pagesWithKeys: readonly Destination[] = [...watchingPages, ...ofOrganisations];

/** The pages of the organisation that this person may open: only what exists is offered, and of that what the role may see. */
export function organisationPages(me: Me): readonly Destination[] {
  return me.organization ? ofOrganisations.filter((item) => !item.needs || may(me, item.needs)) : [];
}

export const isIn = (path: string, to: string): boolean => path === to || path.startsWith(`${to}/`) || to === sections.storage.path && isIn(path, sections.disks.path);
