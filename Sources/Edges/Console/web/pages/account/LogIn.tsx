import { useState } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { emailError, Field, FormProblem, useForm } from "../../kit/form";
import { asProblem } from "../../kit/problem";
import { Link, navigate, safePath, usePlace, useTitle } from "../../kit/router";
import { StatusMark } from "../../kit/Status";
import { canUsePasskeys, signInByPasskey } from "../../session/passkey";
import { logIn, logInByProof, signedIn } from "../../session/session";
import { refusalIn } from "../sso/sso";
import { AuthFrame } from "./AuthFrame";
import { challengeInAddress, challengeOf, SecondFactor } from "./SecondFactor";
import { MailSent } from "./SignUp";
import { discover, Offers, SsoLogIn, useOffersOf } from "./SsoLogIn";
import { withoutSending } from "./withoutSending";

/** Why someone arrives here with an error; other words in the address are ignored. */
const arrivals: Record<string, string> = {
  magic_link_invalid: "That link no longer works. Links work once, for 15 minutes, and a newer one replaces an older.",
  session_expired: "You were signed out. Log in to go on where you were.",
};

export function LogIn({ error, next }: { error: string | null; next: string | null }): JSX.Element {
  useTitle("Log in");
  const { query } = usePlace();
  const named = useOffersOf(query.get("organization"));
  const [offers, setOffers] = useState<Offers | "ask">();
  const [remember, setRemember] = useState(false);
  const [sending, setSending] = useState(false);
  const [asking, setAsking] = useState(false);
  const [challenge, setChallenge] = useState(challengeInAddress);
  const [over, setOver] = useState("");
  const [proves, setProves] = useState(withoutSending.isRemembered);
  const [isOffered, offer] = useState(proves);
  const form = useForm({
    initial: { email: "", password: "" },
    check: ({ email, password }) => ({ email: emailError(email), password: password === "" ? "Type your password, or let us send you a link." : undefined }),
    submit: async ({ email, password }) => {
      try {
        await (proves ? logInByProof : logIn)(email.trim(), password, remember, next);
        withoutSending.remember(proves);
      } catch (failure) {
        const asked = challengeOf(asProblem(failure));
        if (asProblem(failure).slug === "sso-required") {
          const found = await discover(email.trim());
          if (found.providers.length > 0) return setOffers(found);
        }
        if (!asked) throw failure;
        setChallenge(asked);
      }
    },
    explain: (problem) => {
      if (problem.status === 401) offer(true);
      if (problem.field === "username") return { email: problem.detail ?? problem.title };
      return problem.slug === "invalid-credentials" || problem.status === 401 ? { password: "E-mail and password do not fit together." } : undefined;
    },
  });
  async function sendLink(): Promise<void> {
    const email = form.values.email.trim();
    const wrong = emailError(email);
    if (wrong) { form.fail({ email: wrong }); return; }
    setSending(true);
    try {
      await post("/api/public/magic-link/request", { email });
      const state: MailSent = { email, sentAt: Date.now(), purpose: "login" };
      navigate("/check-mail", { state });
    } catch (failure) {
      form.fail(asProblem(failure));
    } finally {
      setSending(false);
    }
  }
  async function usePasskey(): Promise<void> {
    setAsking(true);
    try {
      await signInByPasskey(remember);
      await signedIn(safePath(next));
    } catch (failure) {
      form.fail(asProblem(failure));
    } finally {
      setAsking(false);
    }
  }
  const refused = refusalIn(query);
  const arrival = over || refused || (error ? arrivals[error] : undefined);
  if (challenge) {
    const again = (sentence: string): void => { setOver(sentence); setChallenge(undefined); form.set("password", ""); };
    return <AuthFrame foot={<>New here? <Link to="/signup">Sign up</Link></>}><SecondFactor challenge={challenge} next={safePath(next)} onOver={again} /></AuthFrame>;
  }
  const found = offers ?? named;
  if (found) {
    const back = (): void => { setOffers(undefined); if (named) navigate("/login", { replace: true }); };
    return (
      <AuthFrame foot={<>New here? <Link to="/signup">Sign up</Link></>}>
        {refused && <div className="banner" data-tone="warning" role="status"><StatusMark mark="warning" /><div>{refused}</div></div>}
        <SsoLogIn key={found === "ask" ? "ask" : "found"} email={form.values.email.trim()} next={next} known={found === "ask" ? undefined : found} onBack={back} />
      </AuthFrame>
    );
  }
  return (
    <AuthFrame foot={<>New here? <Link to="/signup">Sign up</Link></>}>
      <div className="stack stack-2"><h1>Log in</h1><p className="muted">To your organisations and what they watch.</p></div>
      {arrival && !form.problem && <div className="banner" data-tone="warning" role="status"><StatusMark mark="warning" /><div>{arrival}</div></div>}
      <form className="stack" {...form.props}>
        <Field label="E-mail" type="email" autoComplete="username" autoFocus binding={form.field("email")} />
        <Field label="Password" type="password" autoComplete="current-password" binding={form.field("password")} />
        <label className="check"><input type="checkbox" checked={remember} onChange={(event) => setRemember(event.currentTarget.checked)} /><span>Keep me signed in on this device</span></label>
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Log in" busy={form.pending} />
      </form>
      <div className="divider">or</div>
      <Button wide icon="building" label="Single sign-on" onClick={() => setOffers("ask")} />
      {canUsePasskeys() && <Button wide icon="key" label="Log in with a passkey" busy={asking} onClick={() => void usePasskey()} />}
      <Button wide icon="mail" label="Send me a link instead" busy={sending} onClick={() => void sendLink()} />
      <p className="muted"><Link to="/forgot-password">Forgot your password?</Link></p>
      {isOffered && <label className="check"><input type="checkbox" checked={proves} onChange={(event) => setProves(event.currentTarget.checked)} /><span>Prove it, do not send it<span className="sub check-sub">For those who switched that on.</span></span></label>}
    </AuthFrame>
  );
}
