import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { Field, FormProblem, useForm } from "../../kit/form";
import { APIProblem, asProblem } from "../../kit/problem";
import { Link, navigate, useTitle } from "../../kit/router";
import { toast } from "../../kit/Toast";
import { AuthFrame } from "./AuthFrame";
import { LinkStates } from "./LinkStates";
import { passwordError, passwordHint } from "./password";
import { useLinkCheck } from "./useLinkCheck";

export function ResetPassword({ token }: { token: string }): JSX.Element {
  useTitle("Set a new password");
  const { check, again, refuse } = useLinkCheck<{ email: string }>("/api/public/password-reset/check", token);
  return (
    <AuthFrame foot={<>Remembered it? <Link to="/login">Log in</Link></>}>
      <LinkStates
        check={check} again={again}
        dead={() => ({
          title: "This link does not work", text: "A link works once and not for long, and a newer one replaces it. Your old password still works.",
          actions: <><Link className="btn btn-primary" to="/forgot-password"><span className="btn-label">Send a new link</span></Link><Link className="btn btn-quiet" to="/login"><span className="btn-label">Log in</span></Link></>,
        })}
      >
        {({ email }) => <NewPassword token={token} email={email} onDead={refuse} />}
      </LinkStates>
    </AuthFrame>
  );
}

function NewPassword({ token, email, onDead }: { token: string; email: string; onDead: (problem: APIProblem) => void }): JSX.Element {
  const form = useForm({
    initial: { password: "" },
    check: ({ password }) => ({ password: passwordError(password) }),
    submit: async ({ password }) => {
      try {
        await post("/api/public/password-reset/complete", { token, password });
      } catch (error) {
        const problem = asProblem(error);
        if (problem.slug === "reset-link-invalid") return onDead(problem);
        throw problem;
      }
      navigate("/login", { replace: true });
      toast({ title: "New password set", text: "You are signed out everywhere else. Log in with it." });
    },
  });
  return (
    <>
      <div className="stack stack-2"><h1>Set a new password</h1><p className="muted">For <strong className="name">{email}</strong>. Everything that is signed in with the old one is signed out.</p></div>
      <form className="stack" {...form.props}>
        <input type="email" name="username" autoComplete="username" value={email} readOnly hidden />
        <Field label="New password" type="password" autoFocus autoComplete="new-password" binding={form.field("password")} hint={passwordHint} />
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Set password" busy={form.pending} />
      </form>
    </>
  );
}
