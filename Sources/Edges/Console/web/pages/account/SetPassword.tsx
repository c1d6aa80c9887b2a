import { useEffect, useState } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { Field, FormProblem, useForm } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { APIProblem, asProblem } from "../../kit/problem";
import { Link, useTitle } from "../../kit/router";
import { Failed } from "../../kit/states";
import { useAfter } from "../../live/live";
import { signedIn } from "../../session/session";
import { AuthFrame } from "./AuthFrame";

interface Invitation { email: string; organizationName: string; existingAccount: boolean }
type Check = { kind: "asking" } | { kind: "good"; invitation: Invitation } | { kind: "refused"; problem: APIProblem } | { kind: "failed"; problem: APIProblem };

const shortest = 12, longest = 1024;

export function SetPassword({ token }: { token: string }): JSX.Element {
  useTitle("Set your password");
  const [check, setCheck] = useState<Check>({ kind: "asking" });
  const [attempt, setAttempt] = useState(0);
  const isSlow = useAfter(150, check.kind === "asking");
  useEffect(() => {
    const controller = new AbortController();
    post<Invitation>("/api/public/signup/check", { token }, { signal: controller.signal }).then(
      (invitation) => setCheck({ kind: "good", invitation }),
      (error: unknown) => {
        if (controller.signal.aborted) return;
        const problem = asProblem(error);
        setCheck({ kind: problem.isTemporary ? "failed" : "refused", problem });
      });
    return () => controller.abort();
  }, [token, attempt]);
  return (
    <AuthFrame foot={<>Already have a password? <Link to="/login">Log in</Link></>}>
      {check.kind === "asking" && <p className="muted" role="status">{isSlow ? "Looking at the link…" : ""}</p>}
      {check.kind === "failed" && <Failed title="The link could not be looked at" problem={check.problem} retry={() => setAttempt(attempt + 1)} />}
      {check.kind === "refused" && <DeadLink problem={check.problem} />}
      {check.kind === "good" && <PasswordForm token={token} invitation={check.invitation} onDead={(problem) => setCheck({ kind: "refused", problem })} />}
    </AuthFrame>
  );
}

function DeadLink({ problem }: { problem: APIProblem }): JSX.Element {
  const isUsed = /used/.test(problem.slug), isExpired = /expired/.test(problem.slug);
  const title = isUsed ? "This link was used already" : isExpired ? "This link has expired" : "This link does not work";
  return (
    <>
      <span className="kind kind-large"><Icon name="link" /></span>
      <div className="stack stack-2">
        <h1>{title}</h1>
        <p className="muted">
          {isUsed ? "A link works once. If it was you, log in with the password you set." : "A link works once, for 15 minutes, and a newer one replaces it. Ask for a new one; nothing is lost."}
        </p>
      </div>
      <div className="row-wrap">
        <Link className="btn btn-primary" to={isUsed ? "/login" : "/signup"}><span className="btn-label">{isUsed ? "Log in" : "Send a new link"}</span></Link>
        <Link className="btn btn-quiet" to={isUsed ? "/signup" : "/login"}><span className="btn-label">{isUsed ? "Sign up again" : "Log in"}</span></Link>
      </div>
    </>
  );
}

function PasswordForm({ token, invitation, onDead }: { token: string; invitation: Invitation; onDead: (problem: APIProblem) => void }): JSX.Element {
  const { existingAccount } = invitation;
  const form = useForm({
    initial: { displayName: "", password: "" },
    check: ({ password }) => ({ password: existingAccount ? undefined : passwordError(password) }),
    submit: async ({ displayName, password }) => {
      const name = displayName.trim();
      try {
        await post("/api/public/signup/complete", existingAccount ? { token } : { token, password, ...name ? { displayName: name } : {} });
      } catch (error) {
        const problem = asProblem(error);
        if (!problem.field && /link|token/.test(problem.slug)) return onDead(problem);
        throw problem;
      }
      await signedIn("/onboarding");
    },
  });
  return (
    <>
      <div className="stack stack-2">
        <h1>{existingAccount ? "Open your organisation" : "Set your password"}</h1>
        <p className="muted">
          {existingAccount
            ? <><strong className="name">{invitation.email}</strong> has an account already. It becomes the owner of {invitation.organizationName}; your password stays as it is.</>
            : <>For <strong className="name">{invitation.email}</strong>, owner of {invitation.organizationName}.</>}
        </p>
      </div>
      <form className="stack" {...form.props}>
        <input type="email" name="username" autoComplete="username" value={invitation.email} readOnly hidden />
        {!existingAccount && (
          <>
            <Field label="Your name" autoComplete="name" autoFocus maxLength={100} binding={form.field("displayName")} hint="As colleagues will see it. May stay empty." />
            <Field label="Password" type="password" autoComplete="new-password" binding={form.field("password")} hint={`At least ${shortest} characters. A sentence is easier to keep than a puzzle.`} />
          </>
        )}
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label={existingAccount ? `Open ${invitation.organizationName}` : "Set password and start"} busy={form.pending} />
      </form>
    </>
  );
}

function passwordError(password: string): string | undefined {
  const size = [...password].length;
  if (size < shortest) return size === 0 ? "Choose a password." : `This has ${size} characters; it needs at least ${shortest}.`;
  return new TextEncoder().encode(password).length > longest ? `A password has at most ${longest} bytes.` : undefined;
}
