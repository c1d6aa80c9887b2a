import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { Field, FormProblem, useForm } from "../../kit/form";
import { APIProblem, asProblem } from "../../kit/problem";
import { Link, useTitle } from "../../kit/router";
import { signedIn } from "../../session/session";
import { AuthFrame } from "./AuthFrame";
import { passwordError, passwordHint } from "./password";
import { LinkStates } from "./LinkStates";
import { useLinkCheck } from "./useLinkCheck";

interface Invitation { email: string; organizationName: string; existingAccount: boolean }

export function SetPassword({ token }: { token: string }): JSX.Element {
  useTitle("Set your password");
  const { check, again, refuse } = useLinkCheck<Invitation>("/api/public/signup/check", token);
  return (
    <AuthFrame foot={<>Already have a password? <Link to="/login">Log in</Link></>}>
      <LinkStates check={check} again={again} dead={deadLink}>
        {(invitation) => <PasswordForm token={token} invitation={invitation} onDead={refuse} />}
      </LinkStates>
    </AuthFrame>
  );
}

function deadLink(slug: string): { title: string; text: string; actions: JSX.Element } {
  const isUsed = /used/.test(slug), isExpired = /expired/.test(slug);
  return {
    title: isUsed ? "This link was used already" : isExpired ? "This link has expired" : "This link does not work",
    text: isUsed ? "A link works once. If it was you, log in with the password you set." : "A link works once, for 15 minutes, and a newer one replaces it. Ask for a new one; nothing is lost.",
    actions: (
      <>
        <Link className="btn btn-primary" to={isUsed ? "/login" : "/signup"}><span className="btn-label">{isUsed ? "Log in" : "Send a new link"}</span></Link>
        <Link className="btn btn-quiet" to={isUsed ? "/signup" : "/login"}><span className="btn-label">{isUsed ? "Sign up again" : "Log in"}</span></Link>
      </>
    ),
  };
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
            <Field label="Password" type="password" autoComplete="new-password" binding={form.field("password")} hint={passwordHint} />
          </>
        )}
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label={existingAccount ? `Open ${invitation.organizationName}` : "Set password and start"} busy={form.pending} />
      </form>
    </>
  );
}
