import { useState } from "react";
import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { FormProblem } from "../../kit/form";
import { Icon } from "../../kit/Icon";
import { APIProblem, asProblem } from "../../kit/problem";
import { Link, navigate, safePath, useTitle } from "../../kit/router";
import { signedIn } from "../../session/session";
import { AuthFrame } from "./AuthFrame";
import { Challenge, challengeOf, SecondFactor } from "./SecondFactor";

/** A mailed link opened elsewhere than where it was asked for: a person presses a button, a mail scanner does not. */
export function MagicLink({ token }: { token: string }): JSX.Element {
  useTitle("Log in");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<APIProblem>();
  const [challenge, setChallenge] = useState<Challenge>();
  async function use(): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await post("/api/public/magic-link/verify", { token });
      await signedIn(safePath(null));
    } catch (error) {
      const refused = asProblem(error), asked = challengeOf(refused);
      if (asked) setChallenge(asked);
      else if (/link/.test(refused.slug)) navigate("/login?error=magic_link_invalid", { replace: true });
      else setProblem(refused);
    } finally {
      setBusy(false);
    }
  }
  return (
    <AuthFrame foot={<>Not you? <Link to="/login">Log in otherwise</Link></>}>
      {challenge
        ? <SecondFactor challenge={challenge} next={safePath(null)} onOver={() => navigate("/login", { replace: true })} />
        : (
          <>
            <span className="kind kind-large"><Icon name="key" /></span>
            <div className="stack stack-2"><h1>Log in here?</h1><p className="muted">You opened a link from our mail. It is used up only when you press the button, and signs in this browser.</p></div>
            <FormProblem problem={problem} />
            <Button tone="primary" wide label="Log in" busy={busy} onClick={() => void use()} />
            <p className="hint">You did not ask for a link? Close this page. Nobody gets in with it unless you press.</p>
          </>
        )}
    </AuthFrame>
  );
}
