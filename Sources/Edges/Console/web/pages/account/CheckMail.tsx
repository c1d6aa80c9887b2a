import { useState } from "react";
import { Button } from "../../kit/Button";
import { useNow } from "../../kit/clock";
import { Icon } from "../../kit/Icon";
import { asProblem } from "../../kit/problem";
import { Link, navigate, useTitle } from "../../kit/router";
import { toast } from "../../kit/Toast";
import { clock, countdown } from "../../kit/units";
import { post } from "../../kit/api";
import { AuthFrame } from "./AuthFrame";
import { MailSent, sendSignUp } from "./SignUp";

/** A new link replaces the one before; asking faster than mail travels only confuses. */
const resendWait = 60_000, linkLife = 15 * 60_000;

/** The address lives in the history entry, not in the URL: addresses do not belong into logs. */
export function CheckMail(): JSX.Element {
  useTitle("Check your mail");
  const [sent, setSent] = useState(history.state as MailSent | null);
  const [busy, setBusy] = useState(false);
  async function again(): Promise<void> {
    if (!sent) return;
    setBusy(true);
    try {
      if (sent.purpose === "signup") await sendSignUp(sent.email, sent.organizationName ?? "");
      else await post("/api/public/magic-link/request", { email: sent.email });
      const next = { ...sent, sentAt: Date.now() };
      navigate("/check-mail", { replace: true, state: next });
      setSent(next);
      toast({ title: "Asked for a new link", text: "The one before no longer works." });
    } catch (error) {
      toast({ mark: "critical", title: "No new link", text: asProblem(error).sentence });
    } finally {
      setBusy(false);
    }
  }
  const back = sent?.purpose === "login" ? "/login" : "/signup";
  return (
    <AuthFrame foot={<>Already have a password? <Link to="/login">Log in</Link></>}>
      <span className="kind kind-large"><Icon name="mail" /></span>
      <div className="stack stack-2">
        <h1>Check your mail</h1>
        <p className="muted">
          If {sent ? <strong className="name">{sent.email}</strong> : "the address you gave"} can be used, a link is on its way. It works once, for 15 minutes
          {sent && <>, until <span className="num">{clock(new Date(sent.sentAt + linkLife))}</span></>}.
        </p>
      </div>
      <div className="card">
        <ul className="list">
          <li><Icon name="clock" /><span className="grow">Usually there within <span className="num">20 s</span></span></li>
          <li><Icon name="filter" /><span className="grow">Not there? Look in the spam folder.</span></li>
        </ul>
      </div>
      <div className="row-wrap">
        {sent && <Resend sentAt={sent.sentAt} busy={busy} onAgain={() => void again()} />}
        <Link className="btn btn-quiet" to={back}><span className="btn-label">Use another address</span></Link>
      </div>
      <p className="hint" id="again">Each new link replaces the one before. You may close this page: the link opens where you are.</p>
    </AuthFrame>
  );
}

function Resend({ sentAt, busy, onAgain }: { sentAt: number; busy: boolean; onAgain: () => void }): JSX.Element {
  useNow();
  const left = sentAt + resendWait - Date.now();
  const waits = left > 0;
  return (
    <Button
      aria-describedby="again" disabled={waits} busy={busy} onClick={onAgain} className="resend"
      label={waits ? `Send again in ${countdown(left / 1000)}` : "Send again"}
    />
  );
}
