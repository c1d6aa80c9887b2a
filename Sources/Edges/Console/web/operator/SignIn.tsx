import { useEffect } from "react";
import { Button } from "../kit/Button";
import { useQuery } from "../kit/cache";
import { emailError, Field, FormProblem, useForm } from "../kit/form";
import { APIProblem } from "../kit/problem";
import { Link, useTitle } from "../kit/router";
import { toast } from "../kit/Toast";
import { DoorFrame } from "./DoorFrame";
import { signIn, signInByCode } from "./session";
import { api } from "./wire";

interface Ways { passwordLogin: boolean; providers: { id: string; displayName: string; loginUrl: string }[] }

/** The ways in: the installation's providers, and password and code at once. */
export function SignIn({ next, told }: { next: string; told: URLSearchParams }): JSX.Element {
  useTitle("Sign in");
  const ways = useQuery<Ways>(`${api}/sign-in`);
  const refused = told.get("sso") === "error" ? told.get("sso_error") ?? "" : undefined;
  useEffect(() => {
    if (refused !== undefined) toast({ mark: "critical", title: "The provider did not get you in", text: sentences[refused] ?? "Another operator finds the reason in the operators' log." });
  }, [refused]);
  if (told.get("sso") === "code") return <DoorFrame><Code /></DoorFrame>;
  const providers = ways.data?.providers ?? [];
  return (
    <DoorFrame>
      <h1>Sign in</h1>
      {providers.length > 0 && (
        <div className="stack stack-2">
          {providers.map((one) => <a key={one.id} className="btn btn-wide" href={`${one.loginUrl}?returnTo=${encodeURIComponent(next)}`}><span className="btn-label">{one.displayName}</span></a>)}
        </div>
      )}
      {ways.data?.passwordLogin !== false && <Password next={next} />}
    </DoorFrame>
  );
}

const sentences: Record<string, string> = {
  not_linked: "No operator's account is linked to you there. An operator admin can link it.",
  second_factor_missing: "It did not say that it asked for a second factor, and your account has no authenticator here.",
  group_restricted: "You are in none of the groups that it may let in.",
  domain_restricted: "Your address is of none of the domains that it may let in.",
  account_disabled: "Your operator's account is disabled.",
  invalid_state: "That took too long, or another browser began it. Begin again.",
  provider_unavailable: "It does not answer now.",
};

/** Whatever is wrong, the answer is the same. */
function Password({ next }: { next: string }): JSX.Element {
  const form = useForm({
    initial: { email: "", password: "", code: "" },
    check: ({ email, password, code }) => ({
      email: emailError(email), password: password === "" ? "Type your password." : undefined, code: codeError(code),
    }),
    submit: ({ email, password, code }) => signIn(email.trim(), password, code.replace(/\s/g, ""), next),
    explain: (problem) => problem.slug === "invalid-credentials" ? { code: refusal(problem, "These three do not fit together.") } : undefined,
  });
  return (
    <>
      <form className="stack" {...form.props}>
        <Field label="E-mail" type="email" autoComplete="username" autoFocus binding={form.field("email")} />
        <Field label="Password" type="password" autoComplete="current-password" binding={form.field("password")} />
        <Field label="Code" mono autoComplete="one-time-code" inputMode="numeric" maxLength={7} binding={form.field("code")} hint="From your authenticator app. Each code works once." />
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Sign in" busy={form.pending} />
      </form>
      <p className="hint">Your first time, or a new phone? Open the link that was made for you in a shell; it sets up password and app.</p>
    </>
  );
}

/** The provider has vouched, but not for a second factor. */
function Code(): JSX.Element {
  const form = useForm({
    initial: { code: "" },
    check: ({ code }) => ({ code: codeError(code) }),
    submit: ({ code }) => signInByCode(code.replace(/\s/g, "")),
    explain: (problem) => problem.slug === "invalid-credentials" ? { code: refusal(problem, "This code does not fit.") } : undefined,
  });
  return (
    <>
      <h1>One more step</h1>
      <form className="stack" {...form.props}>
        <Field label="Code" mono autoComplete="one-time-code" inputMode="numeric" maxLength={7} autoFocus binding={form.field("code")} hint="From your authenticator app, within five minutes. Each code works once." />
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Sign in" busy={form.pending} />
      </form>
      <p className="hint"><Link to="/login">Begin again</Link></p>
    </>
  );
}

const codeError = (code: string): string | undefined => /^\d{6}$/.test(code.replace(/\s/g, "")) ? undefined : "Type the six digits your app shows.";

function refusal(problem: APIProblem, what: string): string {
  const left = problem.extra("remaining");
  return `${what}${left ? ` ${left} ${left === "1" ? "try" : "tries"} left.` : ""}`;
}
