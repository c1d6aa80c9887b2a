import { useState } from "react";
import { When } from "../../kit/Age";
import { patch, post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { useNow } from "../../kit/clock";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Drawer } from "../../kit/Drawer";
import { APIProblem, asProblem } from "../../kit/problem";
import { Link } from "../../kit/router";
import { Empty } from "../../kit/states";
import { Status, StatusMark } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { advice, addressWords, answers, Connection, connectionsPath, foundWords, kindTitle, nextWords, partWords, reasonWords, TestResult } from "./connection";

interface DrawerProps { id: string; listed: Connection | undefined; mayManage: boolean; onClose: () => void; onWalk: (step: 1 | -1) => void; onChanged: () => void }

/** One connection: how it answers and why, and what can be done about it. */
export function ConnectionDrawer({ id, listed, mayManage, onClose, onWalk, onChanged }: DrawerProps): JSX.Element {
  // Beyond the first page it is not in the list.
  const asked = useQuery<Connection>(listed ? undefined : `${connectionsPath}/${id}`);
  const connection = listed ?? asked.data;
  const title = connection?.name ?? "Connection";
  return (
    <Drawer
      label={`Connection ${title}`} subject={id} onClose={onClose} onWalk={onWalk}
      head={
        <>
          <div className="drawer-title">
            <div className="grow"><h2 tabIndex={-1}>{title}</h2>{connection && <span className="sub">{kindTitle(connection.kind)} · {addressWords(connection)}</span>}</div>
            <Button tone="quiet" icon="x" iconOnly label="Close" onClick={onClose} />
          </div>
          <div className="drawer-lead">{connection && <Status mark={answers(connection.health).mark}>{answers(connection.health).word}</Status>}</div>
        </>
      }
    >
      {connection && <div className="stack stack-6">
        <HealthFacts connection={connection} />
        {connection.health.degraded.length > 0 && <Parts connection={connection} />}
        {mayManage && <Actions connection={connection} onClose={onClose} onChanged={() => { onChanged(); asked.reload(); }} />}
        <Settings connection={connection} />
      </div>}
      {!connection && asked.problem && <Empty icon="search" title="No such connection">{asked.problem.sentence}</Empty>}
    </Drawer>
  );
}

function HealthFacts({ connection }: { connection: Connection }): JSX.Element {
  const { health } = connection, now = useNow(), todo = advice(health.reason);
  return (
    <section aria-label="Health" className="stack stack-3">
      {health.reason && (
        <div className="banner" data-tone={health.state === "parked" ? "critical" : "warning"}>
          <StatusMark mark={answers(health).mark} />
          <div><strong>{reasonWords(health.reason)}.</strong> {health.detail} {todo}{health.state === "parked" && " Not tried again until its settings change, or until you ask."}</div>
        </div>
      )}
      <dl className="kv">
        <dt>Found</dt><dd>{foundWords(health.discovered) || "—"}</dd>
        <dt>Platform</dt><dd>{health.version ? `${kindTitle(connection.kind)} ${health.version}` : "—"}{health.instanceName && `, calls itself ${health.instanceName}`}</dd>
        <dt>Last success</dt><dd>{health.okAt ? <When at={health.okAt} /> : "never"}</dd>
        <dt>Last asked</dt><dd>{health.checkedAt ? <When at={health.checkedAt} /> : "never"}{health.consecutiveFailures > 1 && `, ${health.consecutiveFailures} failures in a row`}</dd>
        <dt>Next</dt><dd className="num">{nextWords(connection, now)}</dd>
        <dt>Latency</dt><dd className="num">{health.latencyMs === undefined ? "—" : `${health.latencyMs} ms`}</dd>
      </dl>
    </section>
  );
}

function Parts({ connection }: { connection: Connection }): JSX.Element {
  return (
    <section aria-labelledby="parts-head" className="stack stack-2">
      <h3 id="parts-head">What cannot be read</h3>
      <ul className="checks">
        {connection.health.degraded.map((one) => (
          <li key={one.part}><StatusMark mark="warning" /><div>{partWords(one.part)}<div className="sub">{one.detail} {one.reason === "permission" && "All else works."}</div></div><span className="when">{reasonWords(one.reason)}</span></li>
        ))}
      </ul>
    </section>
  );
}

function Settings({ connection }: { connection: Connection }): JSX.Element {
  const trust = { system: "Public authorities", authorities: "Authorities of your own", pinned: "Exactly this certificate" }[connection.trust.mode];
  return (
    <section aria-label="Settings">
      <dl className="kv">
        <dt>Address</dt><dd className="mono">{connection.host ?? "sealed"}:{connection.port}</dd>
        <dt>Reached</dt><dd>{connection.agentId ? "through an agent" : "directly"}</dd>
        <dt>Certificate</dt><dd>{trust}{connection.trust.fingerprint && <span className="mono sub fingerprint">{connection.trust.fingerprint}</span>}</dd>
        <dt>Signs in as</dt><dd className="mono">{connection.tokenId ?? connection.user ?? "nobody"}</dd>
        <dt>Asked every</dt><dd className="num">{connection.cadenceSeconds} s{connection.adaptive && ", less often while nothing happens there"}</dd>
        {connection.tags.length > 0 && <><dt>Tags</dt><dd><span className="tag-row">{connection.tags.map((tag) => <span key={tag} className="badge">{tag}</span>)}</span></dd></>}
      </dl>
    </section>
  );
}

function Actions({ connection, onClose, onChanged }: { connection: Connection; onClose: () => void; onChanged: () => void }): JSX.Element {
  const [busy, setBusy] = useState<"test" | "poll" | "switch">();
  const [deleting, setDeleting] = useState(false);
  const [result, setResult] = useState<TestResult | APIProblem>();
  const path = `${connectionsPath}/${connection.id}`;

  async function act(what: NonNullable<typeof busy>, run: () => Promise<void>): Promise<void> {
    setBusy(what);
    try {
      await run();
    } catch (error) {
      toast({ mark: "critical", title: "Not done", text: asProblem(error).sentence });
    }
    setBusy(undefined);
    onChanged();
  }
  const test = (): Promise<void> => act("test", async () => {
    setResult(undefined);
    try { setResult(await post<TestResult>(`${path}/test`, {}, { timeout: 35_000 })); } catch (error) { setResult(asProblem(error)); }
  });
  const poll = (): Promise<void> => act("poll", async () => { await post(`${path}/poll`); toast({ title: `${connection.name} is asked now` }); });
  const toggle = (): Promise<void> => act("switch", async () => {
    await patch(path, { enabled: !connection.enabled });
    toast({ title: `${connection.name} is switched ${connection.enabled ? "off" : "on"}`, text: connection.enabled ? "What it told stays, and grows old." : "It is asked in a moment." });
  });
  async function destroy(): Promise<void> {
    await remove(path);
    invalidate(connectionsPath);
    onClose();
    toast({ title: `${connection.name} deleted`, text: "What it alone told goes from the lists in a moment." });
  }
  return (
    <section aria-label="Actions" className="stack stack-3">
      <div className="row-wrap">
        <Button icon="check" label="Test" busy={busy === "test"} onClick={() => void test()} />
        {connection.enabled && <Button icon="refresh" label="Ask now" busy={busy === "poll"} onClick={() => void poll()} />}
        <Link className="btn" to={`/connections/${connection.id}/edit`}><span className="btn-label">Change</span></Link>
        <Button label={connection.enabled ? "Switch off" : "Switch on"} busy={busy === "switch"} onClick={() => void toggle()} />
        <Button tone="danger" label="Delete" onClick={() => setDeleting(true)} />
      </div>
      <div role="status">{result && <p className="muted">{outcome(result)}</p>}</div>
      {deleting && (
        <ConfirmDialog title={`Delete ${connection.name}?`} action="Delete connection" keep="Keep it" danger onConfirm={destroy} onClose={() => setDeleting(false)}>
          <p>{foundWords(connection.health.discovered) ? `${foundWords(connection.health.discovered)} are known through it. ` : ""}What no other source tells goes from the lists, with its stored secret. Nothing changes on the platform itself.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}

function outcome(result: TestResult | APIProblem): string {
  if (result instanceof APIProblem) return result.sentence;
  if (!result.ok) return `${reasonWords(result.reason)}. ${result.detail ?? ""}`;
  const missing = result.degraded.length === 0 ? "" : ` Without ${result.degraded.map((one) => partWords(one.part).toLowerCase()).join(", ")}.`;
  return `It answers within ${result.latencyMs ?? 0} ms: ${foundWords(result.discovered) || "nothing found"}.${missing}`;
}
