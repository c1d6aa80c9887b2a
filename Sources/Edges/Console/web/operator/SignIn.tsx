import { Button } from "../kit/Button";
import { emailError, Field, FormProblem, useForm } from "../kit/form";
import { APIProblem } from "../kit/problem";
import { useTitle } from "../kit/router";
import { DoorFrame } from "./DoorFrame";
import { signIn } from "./session";

/** E-mail, password and code at once. Whatever is wrong, the answer is the same. */
export function SignIn({ next }: { next: string }): JSX.Element {
  useTitle("Sign in");
  const form = useForm({
    initial: { email: "", password: "", code: "" },
    check: ({ email, password, code }) => ({
      email: emailError(email), password: password === "" ? "Type your password." : undefined,
      code: /^\d{6}$/.test(code.replace(/\s/g, "")) ? undefined : "Type the six digits your app shows.",
    }),
    submit: ({ email, password, code }) => signIn(email.trim(), password, code.replace(/\s/g, ""), next),
    explain: (problem) => problem.slug === "invalid-credentials" ? { code: refusal(problem) } : undefined,
  });
  return (
    <DoorFrame>
      <h1>Sign in</h1>
      <form className="stack" {...form.props}>
        <Field label="E-mail" type="email" autoComplete="username" autoFocus binding={form.field("email")} />
        <Field label="Password" type="password" autoComplete="current-password" binding={form.field("password")} />
        <Field label="Code" mono autoComplete="one-time-code" inputMode="numeric" maxLength={7} binding={form.field("code")} hint="From your authenticator app. Each code works once." />
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Sign in" busy={form.pending} />
      </form>
      <p className="hint">Your first time, or a new phone? Open the link that was made for you in a shell; it sets up password and app.</p>
    </DoorFrame>
  );
}

function refusal(problem: APIProblem): string {
  const left = problem.extra("remaining");
  return `These three do not fit together.${left ? ` ${left} ${left === "1" ? "try" : "tries"} left.` : ""}`;
}
