import { useState } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { emailError, Field, FormProblem, useForm } from "../../kit/form";
import { Link, useTitle } from "../../kit/router";
import { SecretOnce } from "../../kit/SecretOnce";
import { StatusMark } from "../../kit/Status";
import { signedIn } from "../../session/session";
import { AuthFrame } from "./AuthFrame";

/** An owner's way in when single sign-on is down. */
export function BreakGlassLogIn(): JSX.Element {
  useTitle("Break-glass");
  const [next, setNext] = useState<string>();
  const form = useForm({
    initial: { organization: "", username: "", password: "", code: "" },
    check: ({ organization, username, password, code }) => ({
      organization: organization.trim() === "" ? "The organisation's short name, as in its addresses." : undefined, username: emailError(username),
      password: password === "" ? "Type your password." : undefined, code: code.replace(/[\s-]/g, "").length === 20 ? undefined : "Four groups of five characters.",
    }),
    submit: async ({ organization, username, password, code }) => {
      const opened = await post<{ nextCode: string }>("/api/public/sso/break-glass", { organization: organization.trim().toLowerCase(), username: username.trim(), password, code });
      setNext(opened.nextCode);
    },
    explain: (problem) => problem.slug === "invalid-credentials" ? { code: "These four do not fit together. A code works once." } : undefined,
  });
  if (next) {
    return (
      <AuthFrame>
        <div className="stack stack-2"><h1>You are in</h1><p className="muted">Your code is used up. This one takes its place; all owners have been told.</p></div>
        <SecretOnce label="Your next code" secret={next} />
        <Button tone="primary" wide label="I have written it down" onClick={() => void signedIn("/sso/domains")} />
      </AuthFrame>
    );
  }
  return (
    <AuthFrame foot={<Link to="/login">Back to the usual ways in</Link>}>
      <div className="stack stack-2"><h1>Break-glass</h1><p className="muted">For owners, when single sign-on is down.</p></div>
      <div className="banner" data-tone="warning"><StatusMark mark="warning" /><div>Every owner of the organisation is told at once.</div></div>
      <form className="stack" {...form.props}>
        <Field label="Organisation" mono autoComplete="organization" spellCheck={false} autoCapitalize="none" autoFocus binding={form.field("organization")} hint="Its short name" />
        <Field label="E-mail" type="email" autoComplete="username" binding={form.field("username")} />
        <Field label="Password" type="password" autoComplete="current-password" binding={form.field("password")} />
        <Field label="Code" mono autoComplete="off" spellCheck={false} binding={form.field("code")} placeholder="abcde-fghjk-mnpqr-stvwx" />
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Come in" busy={form.pending} />
      </form>
    </AuthFrame>
  );
}
