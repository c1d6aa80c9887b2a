// Which rows, in which order: worked out when the person sorts or filters, then left alone. Updates never reorder; what
// would have moved or appeared is counted, and shown when asked for.
import { Change, ResourceStore } from "../../live/ResourceStore";
import { displayName, Resource, ResourceStatus, seenAt } from "../../live/resource";
import { matches } from "./search";

export type SortKey = "name" | "status" | "cpu" | "memory" | "disk" | "network" | "uptime" | "seen";
export interface View { search: string; status: ResourceStatus | undefined; sort: SortKey; descending: boolean }
export interface Rows { ids: readonly string[]; moved: number; waiting: number }

/** Worse is higher. Unknown is not down: below warning. */
const severity: Record<ResourceStatus, number> = { offline: 3, warning: 2, unknown: 1, online: 0 };
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function value(resource: Resource, key: SortKey): number {
  const metrics = resource.metrics;
  switch (key) {
    case "status": return severity[resource.status] ?? 1;
    case "cpu": return metrics?.cpu?.percent ?? -1;
    case "memory": return metrics?.memory?.percent ?? -1;
    case "disk": return metrics?.disk?.percent ?? -1;
    case "network": return metrics?.netIn?.value === undefined ? -1 : metrics.netIn.value + (metrics.netOut?.value ?? 0);
    case "uptime": return resource.uptime ?? -1;
    // newest first is "descending age": compare the moment, so that the column reads youngest to oldest
    case "seen": return seenAt(resource) ?? 0;
    case "name": return 0;
  }
}

export class RowOrder {
  private ids: string[] = [];
  private frozen = new Map<string, ResourceStatus>();
  private moved = new Set<string>();
  private waiting = new Set<string>();
  private names: { version: number; rank: Map<string, number> } | undefined;
  private memberships = 0;
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
    this.frozen = new Map(this.ids.map((id) => [id, this.store.get(id)?.status ?? "unknown"]));
    this.moved.clear();
    this.waiting.clear();
    this.publish();
  }

  /** The world changed: rows stay, the counts follow. */
  follow(change: Change): void {
    if (change.everything || change.added.size > 0) this.memberships += 1;
    if (this.ids.length === 0 && this.waiting.size === 0 && this.store.size > 0) return this.arrange(this.view);
    if (change.everything) {
      for (const id of this.ids) this.note(id);
      for (const resource of this.store.values()) this.note(resource.id);
    } else {
      for (const id of change.changed) this.note(id);
    }
    this.publish();
  }

  private note(id: string): void {
    const resource = this.store.get(id), before = this.frozen.get(id);
    if (before === undefined) {
      if (resource && this.isWanted(resource)) this.waiting.add(id); else this.waiting.delete(id);
    } else if (resource && resource.status !== before) this.moved.add(id);
    else this.moved.delete(id);
  }

  private isWanted(resource: Resource): boolean {
    const { status, search } = this.view;
    return (status === undefined || resource.status === status) && (search === "" || matches(resource, search.toLowerCase()));
  }

  private publish(): void {
    const moved = this.view.sort === "status" ? this.moved.size : 0;
    const { rows } = this;
    if (rows.ids === this.ids && rows.moved === moved && rows.waiting === this.waiting.size) return;
    this.rows = { ids: this.ids, moved, waiting: this.waiting.size };
  }

  /** Positions by name, kept until machines come or go: comparing 10,000 names at every sort would be felt. */
  private nameRank(): Map<string, number> {
    if (this.names?.version === this.memberships && this.names.rank.size === this.store.size) return this.names.rank;
    const named = [...this.store.values()].sort((a, b) => collator.compare(displayName(a), displayName(b)) || (a.id < b.id ? -1 : 1));
    this.names = { version: this.memberships, rank: new Map(named.map((resource, index) => [resource.id, index])) };
    return this.names.rank;
  }

  /** All machines by name, for the estate strip. */
  byName(): string[] {
    return [...this.nameRank().keys()];
  }
}
