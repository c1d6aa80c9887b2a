// Which rows, in which order: worked out when the person sorts or filters, then left alone. Updates never reorder; what
// would have moved or appeared is counted, and shown when asked for.
import { Change, ResourceStore } from "../../live/ResourceStore";
import { displayName, Resource, seenAt, Standing, standing } from "../../live/resource";
import { SectionName, sectionOf } from "../../live/sections";
import { matches } from "./search";

export type SortKey = "name" | "status" | "cpu" | "memory" | "disk" | "network" | "uptime" | "seen" | "size" | "life" | "temperature";
export interface View {
  section: SectionName;
  search: string;
  status: Standing | undefined;
  /** A type of resource. */
  kind: string | undefined;
  /** The id of what it is on. */
  on: string | undefined;
  sort: SortKey;
  descending: boolean;
}
export interface Rows { ids: readonly string[]; moved: number; waiting: number }

/** Worse is higher. Unknown is not down: below warning. */
export const severity: Record<Standing, number> = { offline: 4, warning: 3, unknown: 2, stopped: 1, online: 0 };
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function value(resource: Resource, key: SortKey): number {
  const metrics = resource.metrics;
  switch (key) {
    case "status": return severity[standing(resource)];
    case "cpu": return metrics?.cpu?.percent ?? -1;
    case "memory": return metrics?.memory?.percent ?? -1;
    case "disk": return metrics?.disk?.percent ?? -1;
    case "network": return metrics?.netIn?.value === undefined ? -1 : metrics.netIn.value + (metrics.netOut?.value ?? 0);
    case "uptime": return resource.uptime ?? -1;
    // newest first is "descending age": compare the moment, so that the column reads youngest to oldest
    case "seen": return seenAt(resource) ?? 0;
    case "size": return metrics?.disk?.total ?? resource.physicalDisk?.sizeBytes ?? -1;
    // a disk that does not tell its wear is not one that is worn out
    case "life": return resource.diskHealth?.lifeLeftPercent ?? 101;
    case "temperature": return resource.temperature ?? -1;
    case "name": return 0;
  }
}

export class RowOrder {
  private ids: string[] = [];
  private frozen = new Map<string, Standing>();
  private moved = new Set<string>();
  private waiting = new Set<string>();
  private names: { version: number; rank: Map<string, number>; told: Map<string, string> } | undefined;
  /** Grows when the order by name may have become another. */
  private namings = 0;
  rows: Rows = { ids: [], moved: 0, waiting: 0 };

  constructor(private readonly store: ResourceStore, private view: View) {
    this.arrange(view);
  }

  /** The person asked: search, filter, sort, "show". */
  arrange(view: View): void {
    this.view = view;
    const rank = this.nameRank();
    const picked: { id: string; value: number; rank: number }[] = [];
    for (const resource of this.store.values()) {
      if (!this.isWanted(resource)) continue;
      picked.push({ id: resource.id, value: value(resource, view.sort), rank: rank.get(resource.id) ?? 0 });
    }
    const sign = view.descending ? -1 : 1;
    if (view.sort === "name") picked.sort((a, b) => sign * (a.rank - b.rank));
    else picked.sort((a, b) => sign * (a.value - b.value) || a.rank - b.rank);
    this.ids = picked.map((entry) => entry.id);
    this.frozen = new Map(this.ids.map((id) => [id, this.standing(id)]));
    this.moved.clear();
    this.waiting.clear();
    this.publish();
  }

  /** The world changed: rows stay, the counts follow. */
  follow(change: Change): void {
    if (change.everything || change.added.size > 0 || this.isRenamed(change)) this.namings += 1;
    if (this.ids.length === 0 && this.waiting.size === 0 && this.store.sections[this.view.section].all > 0) return this.arrange(this.view);
    if (change.everything) {
      for (const id of this.ids) this.note(id);
      for (const resource of this.store.values()) this.note(resource.id);
    } else {
      for (const id of change.changed) this.note(id);
    }
    this.publish();
  }

  private isRenamed({ changed }: Change): boolean {
    const told = this.names?.told;
    for (const id of changed) {
      const resource = this.store.get(id);
      if (resource && told?.get(id) !== displayName(resource)) return true;
    }
    return false;
  }

  private note(id: string): void {
    const resource = this.store.get(id), before = this.frozen.get(id);
    if (before === undefined) {
      if (resource && this.isWanted(resource)) this.waiting.add(id); else this.waiting.delete(id);
    } else if (resource && standing(resource) !== before) this.moved.add(id);
    else this.moved.delete(id);
  }

  private standing(id: string): Standing {
    const resource = this.store.get(id);
    return resource ? standing(resource) : "unknown";
  }

  private isWanted(resource: Resource): boolean {
    const { section, status, kind, on, search } = this.view;
    return sectionOf(resource.type) === section && (status === undefined || standing(resource) === status)
      && (kind === undefined || resource.type === kind) && (on === undefined || resource.parentId === on)
      && (search === "" || matches(resource, search.toLowerCase()));
  }

  private publish(): void {
    const moved = this.view.sort === "status" ? this.moved.size : 0;
    const { rows } = this;
    if (rows.ids === this.ids && rows.moved === moved && rows.waiting === this.waiting.size) return;
    this.rows = { ids: this.ids, moved, waiting: this.waiting.size };
  }

  /** Positions by name, kept until machines come or go or are called otherwise: comparing 10,000 names at every sort would be felt. */
  private nameRank(): Map<string, number> {
    if (this.names?.version === this.namings && this.names.rank.size === this.store.size) return this.names.rank;
    const named = [...this.store.values()].sort((a, b) => collator.compare(displayName(a), displayName(b)) || (a.id < b.id ? -1 : 1));
    this.names = {
      version: this.namings, rank: new Map(named.map((resource, index) => [resource.id, index])), told: new Map(named.map((resource) => [resource.id, displayName(resource)])),
    };
    return this.names.rank;
  }

  /** The whole section by name, for the estate strip. */
  byName(): string[] {
    return [...this.nameRank().keys()].filter((id) => sectionOf(this.store.get(id)?.type ?? "") === this.view.section);
  }
}
