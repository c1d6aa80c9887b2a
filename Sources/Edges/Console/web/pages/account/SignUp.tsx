import { Button } from "../../kit/Button";
import { emailError, Field, FormProblem, useForm } from "../../kit/form";
import { Link, navigate, useTitle } from "../../kit/router";
import { post } from "../../kit/api";
import { organisationNameError } from "../../shell/NewOrganisation";
import { AuthFrame } from "./AuthFrame";

export interface MailSent { email: string; organizationName?: string; sentAt: number; purpose: "signup" | "login" }

export async function sendSignUp(email: string, organizationName: string): Promise<void> {
  await post("/api/public/signup", { email, organizationName });
}

export function SignUp(): JSX.Element {
  useTitle("Sign up");
  const form = useForm({
    initial: { email: "", organizationName: "" },
    check: (values) => ({ email: emailError(values.email), organizationName: organisationNameError(values.organizationName) }),
    submit: async (values) => {
      const email = values.email.trim(), organizationName = values.organizationName.trim();
      await sendSignUp(email, organizationName);
      const state: MailSent = { email, organizationName, sentAt: Date.now(), purpose: "signup" };
      navigate("/check-mail", { state });
    },
    explain: (problem) => problem.field === "org_name" ? { organizationName: problem.detail ?? problem.title } : undefined,
  });
  return (
    <AuthFrame foot={<>Already here? <Link to="/login">Log in</Link></>}>
      <div className="stack stack-2"><h1>Start watching</h1><p className="muted">We send you a link. It sets your password and opens your organisation.</p></div>
      <form className="stack" {...form.props}>
        <Field label="Work e-mail" type="email" autoComplete="email" autoFocus binding={form.field("email")} />
        <Field label="Organisation" autoComplete="organization" binding={form.field("organizationName")} hint="You can rename it later." />
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Send sign-in link" busy={form.pending} />
      </form>
    </AuthFrame>
  );
}
