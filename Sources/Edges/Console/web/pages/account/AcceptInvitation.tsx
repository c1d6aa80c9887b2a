import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { Field, FormProblem, useForm } from "../../kit/form";
import { APIProblem, asProblem } from "../../kit/problem";
import { home, Link, navigate, useTitle } from "../../kit/router";
import { toast } from "../../kit/Toast";
import { dateTime } from "../../kit/units";
import { signedIn, switchOrganisation, useSession } from "../../session/session";
import { roleLabel } from "../members/member";
import { AuthFrame } from "./AuthFrame";
import { LinkStates } from "./LinkStates";
import { passwordError, passwordHint } from "./password";
import { useLinkCheck } from "./useLinkCheck";

interface Invited { organizationName: string; email: string; role: string; invitedByName?: string; expiresAt: string; existingAccount: boolean }

const dead: Record<string, { title: string; text: string }> = {
  "invitation-link-used": { title: "This invitation was used already", text: "A link works once. If it was you, log in; the organisation is among yours." },
  "invitation-link-expired": { title: "This invitation has expired", text: "It works for 7 days. Ask whoever invited you to send it again." },
  "invitation-link-revoked": { title: "This invitation was taken back", text: "Ask whoever invited you; they can send another." },
};

export function AcceptInvitation({ token }: { token: string }): JSX.Element {
  useTitle("Join an organisation");
  const { check, again, refuse } = useLinkCheck<Invited>("/api/public/invitations/check", token);
  return (
    <AuthFrame foot={<>Already here? <Link to="/login">Log in</Link></>}>
      <LinkStates
        check={check} again={again}
        dead={(slug) => ({
          ...dead[slug] ?? { title: "This invitation does not work", text: "The link may be cut off, or a newer one replaced it. Look for the latest mail." },
          actions: <Link className="btn btn-primary" to="/login"><span className="btn-label">Log in</span></Link>,
        })}
      >
        {(invited) => <Join token={token} invited={invited} onDead={refuse} />}
      </LinkStates>
    </AuthFrame>
  );
}

interface Joined { userId: string; orgId: string; role: string; signedIn: boolean }

function Join({ token, invited, onDead }: { token: string; invited: Invited; onDead: (problem: APIProblem) => void }): JSX.Element {
  const { existingAccount, organizationName } = invited;
  const session = useSession();
  const isHere = session.kind === "signedIn" && session.me.user.email.toLowerCase() === invited.email.toLowerCase();
  const form = useForm({
    initial: { displayName: "", password: "" },
    check: ({ password }) => ({ password: existingAccount ? undefined : passwordError(password) }),
    submit: async ({ displayName, password }) => {
      const name = displayName.trim();
      let joined: Joined;
      try {
        joined = await post<Joined>("/api/public/invitations/accept", existingAccount ? { token } : { token, password, ...name ? { displayName: name } : {} });
      } catch (error) {
        const problem = asProblem(error);
        if (/invitation-link/.test(problem.slug)) return onDead(problem);
        throw problem;
      }
      toast({ title: `You are in ${organizationName}`, text: `As ${roleLabel(joined.role)}.` });
      if (joined.signedIn) return signedIn(home);
      if (isHere) return switchOrganisation(joined.orgId);
      navigate("/login", { replace: true });
    },
  });
  return (
    <>
      <div className="stack stack-2">
        <h1>Join {organizationName}</h1>
        <p className="muted">
          {invited.invitedByName ? `${invited.invitedByName} invited` : "You are invited:"} <strong className="name">{invited.email}</strong> as {roleLabel(invited.role)}.
          {existingAccount && !isHere && " You have an account already; log in with it afterwards."}
        </p>
      </div>
      <form className="stack" {...form.props}>
        <input type="email" name="username" autoComplete="username" value={invited.email} readOnly hidden />
        {!existingAccount && (
          <>
            <Field label="Your name" autoComplete="name" autoFocus maxLength={100} binding={form.field("displayName")} hint="As colleagues will see it. May stay empty." />
            <Field label="Password" type="password" autoComplete="new-password" binding={form.field("password")} hint={passwordHint} />
          </>
        )}
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label={`Join ${organizationName}`} busy={form.pending} />
        <p className="hint">The invitation holds until {dateTime(new Date(invited.expiresAt))}.</p>
      </form>
    </>
  );
}
