import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { invalidate } from "../../kit/cache";
import { Field, FormProblem, useForm } from "../../kit/form";
import { toast } from "../../kit/Toast";
import { fresh } from "../../session/fresh";
import { useMe } from "../../session/session";
import { Account, accountPath } from "./account";
import { passwordError, passwordHint } from "./password";

export function PasswordCard({ account }: { account: Account }): JSX.Element {
  const me = useMe(), { hasPassword } = account;
  const form = useForm({
    initial: { currentPassword: "", newPassword: "" },
    check: ({ currentPassword, newPassword }) => ({
      currentPassword: hasPassword && currentPassword === "" ? "Type the password you have now." : undefined, newPassword: passwordError(newPassword),
    }),
    submit: async ({ currentPassword, newPassword }) => {
      const answer = await fresh(() => post<{ revokedSessions?: number }>("/api/security/change-password", { ...hasPassword ? { currentPassword } : {}, newPassword }));
      form.set("currentPassword", "");
      form.set("newPassword", "");
      invalidate(accountPath);
      invalidate("/api/sessions");
      const ended = answer.revokedSessions ?? 0;
      toast({ title: hasPassword ? "Password changed" : "Password set", text: ended === 0 ? "A mail tells you about it." : `${ended === 1 ? "1 other session was" : `${ended} other sessions were`} ended. A mail tells you about it.` });
    },
    explain: (problem) => problem.slug === "wrong-password" ? { currentPassword: "This is not the password you have now." } : undefined,
  });
  return (
    <section className="card" aria-labelledby="password-head">
      <div className="card-head"><div><h2 id="password-head">Password</h2><p className="sub">{hasPassword ? "Changing it ends all your other sessions." : "You sign in by link. A password is another way in."}</p></div></div>
      <form className="card-body form" {...form.props}>
        <input type="email" name="username" autoComplete="username" value={me.user.email} readOnly hidden />
        {hasPassword && <Field label="Current password" type="password" autoComplete="current-password" binding={form.field("currentPassword")} />}
        <Field label="New password" type="password" autoComplete="new-password" binding={form.field("newPassword")} hint={passwordHint} />
        <FormProblem problem={form.problem} />
        <div><Button type="submit" tone="primary" label={hasPassword ? "Change password" : "Set password"} busy={form.pending} disabled={form.values.newPassword === ""} /></div>
      </form>
    </section>
  );
}
