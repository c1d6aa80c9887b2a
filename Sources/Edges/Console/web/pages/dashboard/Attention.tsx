import { useMemo, useRef } from "react";
import { Age } from "../../kit/Age";
import { serverNow } from "../../kit/clock";
import { Icon, IconName } from "../../kit/Icon";
import { levelOf, thresholds } from "../../kit/Meter";
import { Link } from "../../kit/router";
import { Mark, Status, statusOf } from "../../kit/Status";
import { percent } from "../../kit/units";
import { resources, useResourcesVersion } from "../../live/live";
import { displayName, kindIcon, Resource, seenAt, standing, subtitle } from "../../live/resource";
import { resourcePath } from "../../live/sections";
import { answers, Connection, kindTitle, reasonWords } from "../connections/connection";

const most = 8;
/** How much heavier something new must be to take the place of what still needs someone. */
const muchHeavier = 1;
interface Need { id: string; to: string; icon: IconName; name: string; under: string; mark: Mark; word: string; since?: number; weight: number;
  /** Which paint saw that it was over. */
  over?: number;
}

/** What a person may have to look at, worst first: the connections given, and things. */
export function Attention({ connections }: { connections: readonly Connection[] }): JSX.Element {
  const version = useResourcesVersion();
  const needs = useMemo(() => new Map([...unanswered(connections), ...troubled()].map((need) => [need.id, need])), [connections, version]);
  const shown = useKeptInPlace(needs);
  return (
    <section className="card" aria-labelledby="attention">
      <div className="card-head"><h2 id="attention">Needs you</h2>{needs.size > 0 && <span className="num muted">{needs.size}</span>}</div>
      {shown.length === 0 && <p className="card-body muted row"><Status mark="ok">Nothing needs you.</Status></p>}
      {shown.length > 0 && (
        <ul className="list">
          {shown.map((need) => (
            <li key={need.id}>
              <span className="kind"><Icon name={need.icon} /></span>
              <div className="grow"><Link className="name" to={need.to}>{need.name}</Link><span className="sub">{need.under}</span></div>
              <Status mark={need.mark}>{need.word}{need.since !== undefined && <> for <Age at={need.since} /></>}</Status>
            </li>
          ))}
        </ul>
      )}
      {needs.size > most && <div className="card-foot">{needs.size - most} more are in the lists, worst first.</div>}
    </section>
  );
}

/** Nothing moves while it is looked at: what is over says so in its place, what is new comes below, worst first. Where
    there is no room it takes the place of what is over longest, then of the least of those that weigh much less. */
function useKeptInPlace(needs: ReadonlyMap<string, Need>): readonly Need[] {
  const kept = useRef<readonly Need[]>([]);
  const paints = useRef(0);
  paints.current += 1;
  const shown = kept.current.map((need) => needs.get(need.id) ?? { ...need, mark: "ok" as const, word: "Over", since: undefined, over: need.over ?? paints.current });
  const known = new Set(shown.map((need) => need.id));
  for (const need of worst(most, [...needs.values()].filter((one) => !known.has(one.id)))) {
    const at = shown.length < most ? shown.length : placeFor(need, shown);
    if (at === undefined) break; // those that follow weigh less
    shown[at] = need;
  }
  kept.current = shown;
  return shown;
}

/** The row that gives up its place; the lowest of equals. */
function placeFor(need: Need, shown: readonly Need[]): number | undefined {
  const isBefore = (one: Need, other: Need): boolean => (
    one.over !== undefined || other.over !== undefined ? (one.over ?? Infinity) <= (other.over ?? Infinity) : one.weight <= other.weight);
  let at = 0;
  shown.forEach((one, index) => { if (isBefore(one, shown[at] ?? one)) at = index; });
  const giving = shown[at];
  return giving && (giving.over !== undefined || need.weight - giving.weight >= muchHeavier) ? at : undefined;
}

const collator = new Intl.Collator(undefined, { numeric: true });
const order = (a: Need, b: Need): number => b.weight - a.weight || collator.compare(a.name, b.name);

/** The few that come first, without sorting ten thousand. */
function worst(count: number, needs: readonly Need[]): Need[] {
  const first: Need[] = [];
  for (const need of needs) {
    const last = first[count - 1];
    if (last && order(last, need) <= 0) continue;
    const at = first.findIndex((one) => order(need, one) < 0);
    first.splice(at < 0 ? first.length : at, 0, need);
    if (first.length > count) first.pop();
  }
  return first;
}

/** One that is silent hides everything behind it, so it comes before the things. */
function unanswered(connections: readonly Connection[]): Need[] {
  return connections.map((one) => {
    const { mark, word } = answers(one.health), why = one.health.reason ? reasonWords(one.health.reason) : "Some parts are missing";
    return { id: one.id, to: `/connections/${one.id}`, icon: "plug", name: one.name, under: `${kindTitle(one.kind)} · ${why}`, mark, word, weight: one.health.state === "degraded" ? 1.5 : 4 };
  });
}

function troubled(): Need[] {
  const needs: Need[] = [];
  for (const resource of resources.values()) {
    const why = reasonOf(resource);
    if (why) needs.push({ id: resource.id, to: resourcePath(resource), icon: kindIcon(resource), name: displayName(resource), under: subtitle(resource), ...why });
  }
  return needs;
}

/** Silent, warning, or about to be full. */
function reasonOf(resource: Resource): Pick<Need, "mark" | "word" | "weight" | "since"> | undefined {
  const status = standing(resource);
  if (status === "stopped" || status === "unknown") return undefined;
  if (status !== "online") return { ...statusOf(resource), weight: status === "offline" ? 3 : 2, since: status === "offline" ? silentSince(resource) : undefined };
  const disk = resource.metrics?.disk?.percent, memory = resource.metrics?.memory?.percent;
  const fill = disk === undefined ? undefined : levelOf(disk / 100, thresholds.disk);
  if (disk !== undefined && fill) return { mark: fill, word: `${percent(disk)} % full`, weight: fill === "critical" ? 2.5 : 1 };
  if (memory !== undefined && levelOf(memory / 100, thresholds.memory) === "critical") return { mark: "warning", word: `Memory ${percent(memory)} %`, weight: 1 };
  return undefined;
}

/** Its platform may have told of it a moment ago; then its own silence has no beginning that we know. */
function silentSince(resource: Resource): number | undefined {
  const seen = seenAt(resource);
  return seen !== undefined && serverNow() - seen > 60_000 ? seen : undefined;
}
