// All machines of the organisation, kept current by deltas. Data changes at once; paint is told at most four times a
// second, within one frame, and not at all while nobody looks.
import { mergePatch } from "./mergePatch";
import { Delta, Resource, ResourcePatch, seenAt, Standing, standing, whole } from "./resource";
import { SectionName, sectionOf } from "./sections";

const paintInterval = 250;

export type Counts = Record<Standing | "all", number>;
const noCounts: Counts = { all: 0, offline: 0, warning: 0, unknown: 0, stopped: 0, online: 0 };
const noSections = (): Record<SectionName, Counts> => ({ infrastructure: noCounts, workloads: noCounts, storage: noCounts, disks: noCounts });

/** What changed since the paint before; `everything` after a new full state. */
export interface Change { version: number; changed: ReadonlySet<string>; added: ReadonlySet<string>; everything: boolean }

export class ResourceStore {
  private readonly resources = new Map<string, Resource>();
  private readonly listeners = new Set<(change: Change) => void>();
  private changed = new Set<string>();
  private added = new Set<string>();
  private everything = false;
  private nudged = false;
  private lastPaint = 0;
  private scheduled: ReturnType<typeof setTimeout> | undefined;
  private frame = 0;

  /** Grows with every paint: the snapshot that React compares. */
  version = 0;
  /** A full state has arrived. */
  loaded = false;
  counts: Counts = noCounts;
  /** The same of each section. Replaced, never changed: who compares them sees it. */
  sections = noSections();
  /** Grows when any status changes, or a machine comes or goes: seldom, so what draws only that may wait for it. */
  statusVersion = 0;
  /** The newest reading of any machine, milliseconds. */
  newestReading: number | undefined;

  /** @param commit runs what it is given and has it drawn before it returns, so that paints keep their distance. */
  constructor(private readonly commit: (draw: () => void) => void) {
    document.addEventListener("visibilitychange", () => { if (!document.hidden && this.isDirty) this.schedule(); });
  }

  get size(): number { return this.resources.size; }
  get(id: string): Resource | undefined { return this.resources.get(id); }
  values(): IterableIterator<Resource> { return this.resources.values(); }

  /** The whole truth: what is not in it is gone. */
  replaceAll(list: Resource[]): void {
    this.resources.clear();
    this.counts = noCounts;
    this.sections = noSections();
    for (const told of list) {
      const resource = whole(told);
      if (resource) this.put(resource);
    }
    this.loaded = true;
    this.everything = true;
    this.schedule();
  }

  apply(delta: Delta): void {
    for (const patch of delta.upserts ?? []) this.upsert(patch);
    for (const id of delta.removed ?? []) this.drop(id);
    this.schedule();
  }

  clear(): void {
    this.replaceAll([]);
    this.loaded = false;
    this.newestReading = undefined;
  }

  /** Something beside the machines wants to be drawn: with the next paint, so that all keep to one beat. */
  nudge(): void {
    this.nudged = true;
    this.schedule();
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private upsert(patch: ResourcePatch): void {
    const before = this.resources.get(patch.id);
    const after = whole(mergePatch(before, patch) as Partial<Resource>);
    if (!after) return; // a patch for a machine we never saw whole: the next full state brings it
    if (!before) this.added.add(patch.id);
    this.put(after, before);
    this.changed.add(patch.id);
  }

  private drop(id: string): void {
    const before = this.resources.get(id);
    if (!before) return;
    this.resources.delete(id);
    this.count(before, -1);
    this.statusVersion += 1;
    this.added.delete(id);
    this.changed.add(id);
  }

  private put(resource: Resource, before?: Resource): void {
    this.resources.set(resource.id, resource);
    if (!before || standing(before) !== standing(resource)) {
      if (before) this.count(before, -1);
      this.count(resource, 1);
      this.statusVersion += 1;
    }
    if (before && before.lastSeen === resource.lastSeen) return;
    const seen = seenAt(resource);
    if (seen !== undefined && seen > (this.newestReading ?? 0)) this.newestReading = seen;
  }

  private count(resource: Resource, by: number): void {
    const as = standing(resource), section = sectionOf(resource.type);
    const more = (counts: Counts): Counts => ({ ...counts, all: counts.all + by, [as]: counts[as] + by });
    this.counts = more(this.counts);
    this.sections[section] = more(this.sections[section]);
  }

  private get isDirty(): boolean { return this.everything || this.nudged || this.changed.size > 0; }

  private schedule(): void {
    if (this.scheduled !== undefined || this.frame !== 0 || document.hidden || !this.isDirty) return;
    const wait = Math.max(0, this.lastPaint + paintInterval - performance.now());
    this.scheduled = setTimeout(() => {
      this.scheduled = undefined;
      this.frame = requestAnimationFrame(() => { this.frame = 0; this.paint(); });
    }, wait);
  }

  private paint(): void {
    if (!this.isDirty || document.hidden) return;
    this.version += 1;
    const change = { version: this.version, changed: this.changed, added: this.added, everything: this.everything };
    this.changed = new Set();
    this.added = new Set();
    this.everything = false;
    this.nudged = false;
    const told = [...this.listeners]; // who subscribes while this is drawn has drawn it already
    this.commit(() => told.forEach((listener) => listener(change)));
    this.lastPaint = performance.now();
  }
}
