// The organisation's encryption keys: which versions there are, their rotation, and a key of one's own. Never the keys.
import { useState } from "react";
import { When } from "../../kit/Age";
import { remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, Query, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { useCreate } from "../../kit/form";
import { asProblem } from "../../kit/problem";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { keysPath, KeyState, providerWords, Rotation } from "./keyState";
import { OwnKeyDialog } from "./OwnKeyDialog";

const isRunning = (rotation: Rotation | undefined): boolean => rotation !== undefined && rotation.state !== "done" && rotation.state !== "failed";

export function KeysCards(): JSX.Element {
  const [refresh, setRefresh] = useState<number>();
  const keys = useQuery<KeyState>(keysPath, refresh);
  const wanted = isRunning(keys.data?.rotation) ? 2_000 : undefined;
  if (wanted !== refresh) setRefresh(wanted);
  return (
    <Wait query={keys} what="The keys" rows={3}>
      {(state) => <div className="stack stack-6"><DataKeysCard state={state} /><OwnKeyCard state={state} keys={keys} /></div>}
    </Wait>
  );
}

function DataKeysCard({ state }: { state: KeyState }): JSX.Element {
  const me = useMe();
  const create = useCreate<Rotation>(`${keysPath}/rotations`);
  const [busy, setBusy] = useState(false);
  const running = isRunning(state.rotation);
  async function rotate(): Promise<void> {
    setBusy(true);
    try {
      await fresh(() => create({ kind: "data" }));
      invalidate(keysPath);
      toast({ title: "Rotation has begun", text: "Every secret is sealed anew. Nothing stops meanwhile." });
    } catch (error) {
      toast({ mark: "critical", title: "Not rotated", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  return (
    <section className="card" aria-labelledby="keys-head">
      <div className="card-head">
        <div><h2 id="keys-head">Data keys</h2><p className="sub">Seal this organisation's secrets, and no other's. They never leave the server.</p></div>
        <span className="actions">{may(me, "manage:keys") && <Button small icon="refresh" label="Rotate" busy={busy} disabled={running} onClick={() => void rotate()} />}</span>
      </div>
      <ul className="list">
        {state.dataKeys.length === 0 && <li><span className="muted">Nothing is sealed yet; the first secret makes the first key.</span></li>}
        {state.dataKeys.map((key) => (
          <li key={key.id}>
            <div className="grow"><span className="name">Version {key.version}</span><div className="sub">Made <When at={key.createdAt} /></div></div>
            <Status mark={key.state === "current" ? "ok" : "pending"}>{key.state === "current" ? "Current" : "Retiring"}</Status>
          </li>
        ))}
      </ul>
      <div className="card-foot rotation" role="status">{state.rotation ? <Progress rotation={state.rotation} /> : "Never rotated."}</div>
    </section>
  );
}

function Progress({ rotation }: { rotation: Rotation }): JSX.Element {
  const { rewritten, remaining } = rotation;
  if (rotation.state === "done") return <>Last rotated {rotation.finishedAt && <When at={rotation.finishedAt} />}: {rewritten.toLocaleString("en")} secrets sealed anew.</>;
  const words = rotation.problem ? `Waiting: ${rotation.problem}. Tried again by itself.` : `${rewritten.toLocaleString("en")} secrets sealed anew${remaining === undefined ? "" : `, ${remaining.toLocaleString("en")} to go`}.`;
  return <Status mark={rotation.problem ? "warning" : "pending"}>{rotation.state === "failed" ? `Failed: ${rotation.problem ?? "no reason given"}` : words}</Status>;
}

function OwnKeyCard({ state, keys }: { state: KeyState; keys: Query<KeyState> }): JSX.Element | null {
  const me = useMe();
  const [open, setOpen] = useState<"set" | "return">();
  const { ownKey, ownKeyProviders } = state, mayChange = may(me, "manage:keys");
  if (!ownKey && ownKeyProviders.length === 0) return null;
  async function giveBack(): Promise<void> {
    await fresh(() => remove(`${keysPath}/own`));
    keys.reload();
    toast({ title: "Your own key is no longer needed", text: "The data keys are wrapped by this installation again." });
  }
  return (
    <section className="card" aria-labelledby="own-key-head">
      <div className="card-head"><div><h2 id="own-key-head">A key of your own</h2><p className="sub">Wraps the data keys. Take it away, and within a minute nobody opens a secret here.</p></div></div>
      <div className="card-body row end-row">
        <div className="grow">
          {ownKey
            ? <dl className="kv"><dt>Kept by</dt><dd>{providerWords[ownKey.provider] ?? ownKey.provider}</dd><dt>Key</dt><dd className="mono">{ownKey.reference}</dd><dt>Credentials</dt><dd>{ownKey.credentialsSet ? "Set, never shown" : "None"}</dd><dt>Since</dt><dd><When at={ownKey.setAt} /></dd></dl>
            : <p className="muted">Wrapped by: {providerWords[state.provider] ?? state.provider}.</p>}
        </div>
        {mayChange && <Button label={ownKey ? "Change" : "Bring a key"} onClick={() => setOpen("set")} />}
        {mayChange && ownKey && <Button tone="danger" label="Give it back" onClick={() => setOpen("return")} />}
      </div>
      {open === "set" && <OwnKeyDialog state={state} onClose={() => setOpen(undefined)} />}
      {open === "return" && (
        <ConfirmDialog title="Do without your own key?" action="Give it back" keep="Keep it" danger onConfirm={giveBack} onClose={() => setOpen(undefined)}>
          <p>The data keys are wrapped anew by this installation. Your key has to answer once more for that; afterwards you may delete it.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
