// The way in for owners when the provider is down: a code beside the password, used once.
import { useState } from "react";
import { When } from "../../kit/Age";
import { remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate, useQuery } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { Dialog } from "../../kit/Dialog";
import { useCreate } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { asProblem } from "../../kit/problem";
import { SecretOnce } from "../../kit/SecretOnce";
import { Denied } from "../../kit/states";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { Wait } from "../../kit/Wait";
import { fresh } from "../../session/fresh";
import { may, useMe } from "../../session/session";
import { domainsPath, glassPath, Holder } from "./sso";
import { SsoFrame } from "./SsoFrame";

export function BreakGlass(): JSX.Element {
  const me = useMe(), isOwner = may(me, "own:org");
  const holders = useQuery<{ data: Holder[] }>(isOwner ? glassPath : undefined);
  const create = useCreate<{ code: string; createdAt: string }>(glassPath);
  const [busy, setBusy] = useState(false), [code, setCode] = useState<string>(), [asking, setAsking] = useState<"replace" | "end">();
  if (!isOwner) return <SsoFrame current="/sso/break-glass"><Denied what="break-glass codes" need="own:org" /></SsoFrame>;
  const own = holders.data?.data.find((one) => one.userId === me.user.id);
  async function make(): Promise<void> {
    const made = await fresh(() => create({}));
    setCode(made.code);
    invalidate(glassPath);
    invalidate(domainsPath);
  }
  async function first(): Promise<void> {
    setBusy(true);
    try {
      await make();
    } catch (error) {
      toast({ mark: "critical", title: "No code was made", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  async function end(): Promise<void> {
    await fresh(() => remove(glassPath));
    invalidate(glassPath);
    invalidate(domainsPath);
    toast({ title: "Your code has ended" });
  }
  return (
    <SsoFrame current="/sso/break-glass">
      <section className="card settings" aria-labelledby="glass-head">
        <div className="card-head"><div><h2 id="glass-head">Break-glass codes</h2><p className="sub">With their password an owner comes in past single sign-on, at <span className="mono">/login/break-glass</span>. Every use is told to all owners at once.</p></div></div>
        <Wait query={holders} what="The owners" rows={1}>
          {({ data }) => (
            <ul className="list">
              {data.map((one) => (
                <li key={one.userId}>
                  <span className="kind"><Icon name="key" /></span>
                  <div className="grow"><span className="name">{one.displayName || one.email}{one.userId === me.user.id && " (you)"}</span><p className="sub">{one.createdAt ? <>Made <When at={one.createdAt} />{one.lastUsedAt && <>, the one before used <When at={one.lastUsedAt} /></>}</> : one.email}</p></div>
                  <Status mark={one.holdsCode ? "ok" : "unknown"}>{one.holdsCode ? "Holds a code" : "No code"}</Status>
                </li>
              ))}
            </ul>
          )}
        </Wait>
        {holders.data && <div className="card-foot row">
          {own?.holdsCode
            ? <><Button icon="refresh" label="Replace my code" onClick={() => setAsking("replace")} /><Button tone="quiet" label="End it" onClick={() => setAsking("end")} /></>
            : <Button tone="primary" icon="plus" label="Make my code" busy={busy} onClick={() => void first()} />}
        </div>}
      </section>
      {asking === "replace" && <ConfirmDialog title="Replace your code?" action="Replace it" onConfirm={make} onClose={() => setAsking(undefined)}><p>The one you wrote down ends.</p></ConfirmDialog>}
      {asking === "end" && <ConfirmDialog title="End your code?" action="End it" keep="Keep it" danger onConfirm={end} onClose={() => setAsking(undefined)}><p>While single sign-on is enforced, one owner has to hold a code.</p></ConfirmDialog>}
      {code && (
        <Dialog title="Your break-glass code" onClose={() => setCode(undefined)} isSticky foot={<Button tone="primary" label="I have written it down" onClick={() => setCode(undefined)} />}>
          <SecretOnce label="Code" secret={code} note="Keep it where you reach it when nothing else works, and nobody else does. It works once; the next one is shown then." />
        </Dialog>
      )}
    </SsoFrame>
  );
}
