import { useState } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { emailError, Field, FormProblem, useForm } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { Link, useTitle } from "../../kit/router";
import { AuthFrame } from "./AuthFrame";

/** Says the same whether the address is known or not. */
export function ForgotPassword(): JSX.Element {
  useTitle("Forgot your password");
  const [sentTo, setSentTo] = useState<string>();
  const form = useForm({
    initial: { email: "" },
    check: ({ email }) => ({ email: emailError(email) }),
    submit: async ({ email }) => {
      await post("/api/public/password-reset/request", { email: email.trim() });
      setSentTo(email.trim());
    },
  });
  return (
    <AuthFrame foot={<>Remembered it? <Link to="/login">Log in</Link></>}>
      {sentTo
        ? (
          <>
            <span className="kind kind-large"><Icon name="mail" /></span>
            <div className="stack stack-2">
              <h1>Check your mail</h1>
              <p className="muted" role="status">If <strong className="name">{sentTo}</strong> has an account, a link is on its way. It works once, and sets a new password.</p>
            </div>
            <p className="hint">Not there? Look in the spam folder. Your old password works until you set a new one.</p>
            <div><Button label="Use another address" onClick={() => setSentTo(undefined)} /></div>
          </>
        )
        : (
          <>
            <div className="stack stack-2"><h1>Forgot your password?</h1><p className="muted">We send you a link that sets a new one.</p></div>
            <form className="stack" {...form.props}>
              <Field label="E-mail" type="email" autoComplete="username" autoFocus binding={form.field("email")} />
              <FormProblem problem={form.problem} />
              <Button tone="primary" wide type="submit" label="Send link" busy={form.pending} />
            </form>
          </>
        )}
    </AuthFrame>
  );
}
