import { useId, useState } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { Dialog } from "../../kit/Dialog";
import { Field, FormProblem, useForm } from "../../kit/form";
import { Status } from "../../kit/Status";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { useMe } from "../../session/session";
import { Account, accountPath } from "./account";
import { passwordError, passwordHint } from "./password";
import { withoutSending } from "./withoutSending";

/** The password stays in the browser; the server keeps only what can check a proof. Offered by an organisation's switch. */
export function ZeroKnowledgeCard({ account }: { account: Account }): JSX.Element {
  const [asking, setAsking] = useState(false);
  const isOn = account.zeroKnowledge.registered;
  return (
    <section className="card" aria-labelledby="zk-head">
      <div className="card-head"><div><h2 id="zk-head">Sign-in that never sends your password</h2><p className="sub">Your browser proves that it knows the password. Not even we could learn it.</p></div></div>
      <ul className="list">
        <li>
          <div className="grow"><span className="name">Proof instead of password</span><div className="sub"><Status mark={isOn ? "ok" : "unknown"}>{isOn ? "On" : "Off. Your organisation offers it"}</Status></div></div>
          <Button small tone={isOn ? undefined : "primary"} label={isOn ? "Change password" : "Switch on"} onClick={() => setAsking(true)} />
        </li>
      </ul>
      {asking && <RegisterDialog isOn={isOn} onClose={() => setAsking(false)} />}
    </section>
  );
}

function RegisterDialog({ isOn, onClose }: { isOn: boolean; onClose: () => void }): JSX.Element {
  const me = useMe(), formID = useId();
  const form = useForm({
    initial: { password: "" },
    check: ({ password }) => ({ password: passwordError(password) }),
    submit: async ({ password }) => {
      const { verifierOf } = await import("../../session/zeroKnowledge");
      const verifier = await verifierOf(password);
      await fresh(() => post("/api/auth/register-srp", verifier));
      withoutSending.remember(true);
      invalidate(accountPath);
      invalidate("/api/sessions");
      onClose();
      toast({ title: isOn ? "Password changed" : "Your password stays with you from now on", text: "Your other sessions were ended. A mail tells you about it." });
    },
  });
  return (
    <Dialog
      title={isOn ? "Change your password" : "Sign in without sending the password"} onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label={isOn ? "Change password" : "Switch on"} busy={form.pending} /></>}
    >
      <p className="muted">Type the password you want to use. It is turned into a proof here; the server forgets the old one. On each new device, choose “Prove it, do not send it” when you log in.</p>
      <form id={formID} className="stack stack-3" {...form.props}>
        <input type="email" name="username" autoComplete="username" value={me.user.email} readOnly hidden />
        <Field label="Password" type="password" autoComplete="new-password" binding={form.field("password")} hint={passwordHint} />
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}
