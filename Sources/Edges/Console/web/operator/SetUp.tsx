// An operator's first time: the link from the shell, a password, and the authenticator app with one good code.
import { useRef, useState } from "react";
import { post } from "../kit/api";
import { Button } from "../kit/Button";
import { CopyButton } from "../kit/CopyButton";
import { Field, FormProblem, useForm } from "../kit/form";
import { APIProblem, asProblem } from "../kit/problem";
import { Link, navigate, useTitle } from "../kit/router";
import { toast } from "../kit/Toast";
import { LinkStates } from "../pages/account/LinkStates";
import { passwordError, passwordHint } from "../pages/account/password";
import { useLinkCheck } from "../pages/account/useLinkCheck";
import { DoorFrame } from "./DoorFrame";
import { api, Operator, roleWord } from "./wire";

interface Begun { email: string; displayName: string; role: Operator["role"]; secret: string; address: string; picture: string; expiresAt: string }

export function SetUp(): JSX.Element {
  useTitle("Set up your account");
  // behind the hash, where no server and no log sees it
  const [token] = useState(() => /^#token=([\w-]+)$/.exec(location.hash)?.[1] ?? "");
  const { check, again, refuse } = useLinkCheck<Begun>(`${api}/setup/begin`, token);
  return (
    <DoorFrame>
      <LinkStates
        check={check} again={again}
        dead={() => ({
          title: "This link does not work", text: "It works once, for 24 hours, and a newer one replaces it. An operator admin can make another.",
          actions: <Link className="btn btn-primary" to="/login"><span className="btn-label">Sign in</span></Link>,
        })}
      >
        {(begun) => <Complete token={token} begun={begun} onDead={refuse} />}
      </LinkStates>
    </DoorFrame>
  );
}

function Complete({ token, begun, onDead }: { token: string; begun: Begun; onDead: (problem: APIProblem) => void }): JSX.Element {
  const source = useRef<HTMLSpanElement>(null);
  const form = useForm({
    initial: { password: "", code: "" },
    check: ({ password, code }) => ({ password: passwordError(password), code: /^\d{6}$/.test(code.replace(/\s/g, "")) ? undefined : "The app shows six digits." }),
    submit: async ({ password, code }) => {
      try {
        await post(`${api}/setup/complete`, { token, password, code: code.replace(/\s/g, "") });
      } catch (error) {
        const problem = asProblem(error);
        if (problem.slug === "setup-link-invalid") return onDead(problem);
        throw problem;
      }
      toast({ title: "You are set up", text: "Sign in with the next code: each works once." });
      navigate("/login", { replace: true });
    },
    explain: (problem) => problem.field === "code" || problem.slug === "second-factor-wrong" || problem.slug === "invalid-credentials"
      ? { code: "This code does not fit. Check the clock of your phone, and type the next one." } : undefined,
  });
  return (
    <>
      <div className="stack stack-2"><h1>Welcome, {begun.displayName}</h1><p className="muted"><strong className="name">{begun.email}</strong>, {roleWord(begun.role)}. Nobody gets in here without both.</p></div>
      <form className="stack" {...form.props}>
        <input type="email" name="username" autoComplete="username" value={begun.email} readOnly hidden />
        <Field label="Password" type="password" autoComplete="new-password" autoFocus binding={form.field("password")} hint={passwordHint} />
        <div className="totp">
          <img className="qr" alt="QR code for your authenticator app" src={`data:image/svg+xml;utf8,${encodeURIComponent(begun.picture)}`} />
          <div className="stack stack-2">
            <p>Scan this with an authenticator app.</p>
            <p className="sub">Cannot scan? Type this instead:</p>
            <div className="copy-field"><span className="mono" ref={source}>{begun.secret.replace(/(.{4})(?=.)/g, "$1 ")}</span><CopyButton text={begun.secret} source={source} /></div>
          </div>
        </div>
        <Field label="The code it shows now" mono autoComplete="one-time-code" inputMode="numeric" maxLength={7} binding={form.field("code")} />
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Finish" busy={form.pending} />
      </form>
    </>
  );
}
