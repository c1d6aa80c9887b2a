import { useState } from "react";
import { When } from "../../kit/Age";
import { post, remove } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { ConfirmDialog } from "../../kit/ConfirmDialog";
import { asProblem } from "../../kit/problem";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { Account, accountPath } from "./account";
import { RecoveryCodes } from "./RecoveryCodes";
import { TotpDialog, TotpSecret } from "./TotpDialog";

/** Under this many codes left, new ones are worth a word. */
const fewCodes = 3;

export function SecondFactorCard({ account }: { account: Account }): JSX.Element {
  const { enabled, enabledAt } = account.totp, left = account.recoveryCodesLeft;
  const [secret, setSecret] = useState<TotpSecret>();
  const [codes, setCodes] = useState<readonly string[]>();
  const [asking, setAsking] = useState<"off" | "codes">();
  const [busy, setBusy] = useState(false);

  async function begin(): Promise<void> {
    setBusy(true);
    try {
      setSecret(await fresh(() => post<TotpSecret>("/api/security/totp")));
    } catch (error) {
      toast({ mark: "critical", title: "Not begun", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  async function switchOff(): Promise<void> {
    await fresh(() => remove("/api/security/totp"));
    invalidate(accountPath);
    toast({ title: "Second factor switched off", text: "Your password alone signs you in. A mail tells you about it." });
  }
  async function renew(): Promise<void> {
    setCodes((await fresh(() => post<{ recoveryCodes: string[] }>("/api/security/recovery-codes"))).recoveryCodes);
    invalidate(accountPath);
  }

  return (
    <section className="card" aria-labelledby="totp-head">
      <div className="card-head"><div><h2 id="totp-head">Second factor</h2><p className="sub">A code from your phone besides the password, so that a stolen password is not enough.</p></div></div>
      <ul className="list">
        <li>
          <div className="grow"><span className="name">Authenticator app</span><div className="sub"><Status mark={enabled ? "ok" : "warning"}>{enabled ? <>On{enabledAt && <>, since <When at={enabledAt} /></>}</> : "Off"}</Status></div></div>
          {enabled ? <Button small tone="danger" label="Switch off" onClick={() => setAsking("off")} /> : <Button small tone="primary" label="Set up" busy={busy} onClick={() => void begin()} />}
        </li>
        {enabled && (
          <li>
            <div className="grow"><span className="name">Recovery codes</span><div className="sub"><Status mark={left === 0 ? "critical" : left <= fewCodes ? "warning" : "ok"}>{left === 0 ? "None left" : `${left} of 10 left`}</Status></div></div>
            <Button small label="Make new ones" onClick={() => setAsking("codes")} />
          </li>
        )}
      </ul>
      {secret && <TotpDialog secret={secret} onClose={() => setSecret(undefined)} onDone={(made) => { setSecret(undefined); setCodes(made); invalidate(accountPath); }} />}
      {codes && <RecoveryCodes codes={codes} onClose={() => setCodes(undefined)} />}
      {asking === "off" && (
        <ConfirmDialog title="Switch the second factor off?" action="Switch off" keep="Keep it on" danger onConfirm={switchOff} onClose={() => setAsking(undefined)}>
          <p>Whoever knows your password gets in. The entry in your app and all recovery codes stop working.</p>
        </ConfirmDialog>
      )}
      {asking === "codes" && (
        <ConfirmDialog title="Make new recovery codes?" action="Make new ones" onConfirm={renew} onClose={() => setAsking(undefined)}>
          <p>You get ten new ones. The {left === 0 ? "old ones are used up" : `${left} left of the old ones stop working`}.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
