import { post } from "../../kit/api";
import { Button } from "../../kit/Button";
import { Field, FormProblem, useForm } from "../../kit/form";
import { APIProblem, asProblem } from "../../kit/problem";
import { signedIn } from "../../session/session";

export interface Challenge { challenge: string; methods: string; expiresAt: string }

/** The challenge in a refusal that asks for the second factor. */
export function challengeOf(problem: APIProblem): Challenge | undefined {
  if (problem.slug !== "second-factor-required") return undefined;
  return { challenge: problem.extra("challenge"), methods: problem.extra("methods"), expiresAt: problem.extra("expiresAt") };
}

/** The challenge a mailed link leads to. It stands behind the hash, where no server and no log sees it. */
export function challengeInAddress(): Challenge | undefined {
  const challenge = /^#second-factor=(p2f_[\w-]+)$/.exec(location.hash)?.[1];
  return challenge ? { challenge, methods: "totp,recovery", expiresAt: "" } : undefined;
}

/** Six digits, or one of the codes written down. `onOver`: the first step has to be done again. */
export function SecondFactor({ challenge, next, onOver }: { challenge: Challenge; next: string; onOver: (sentence: string) => void }): JSX.Element {
  const form = useForm({
    initial: { code: "" },
    check: ({ code }) => ({ code: code.trim() === "" ? "Type the six digits your app shows." : undefined }),
    submit: async ({ code }) => {
      try {
        await post("/api/login/second-factor", { challenge: challenge.challenge, code: code.replace(/\s/g, "") });
      } catch (error) {
        const problem = asProblem(error);
        if (problem.slug === "second-factor-expired") return onOver("That took too long. Log in again; nothing else is lost.");
        throw problem;
      }
      await signedIn(next);
    },
    explain: (problem) => {
      if (problem.slug !== "second-factor-wrong") return undefined;
      const left = problem.extra("remaining");
      return { code: `This code does not fit. ${left ? `${left} ${left === "1" ? "try" : "tries"} left.` : "Wait for the next one."}` };
    },
  });
  return (
    <>
      <div className="stack stack-2"><h1>One more step</h1><p className="muted">The first one is done. Now the code from your authenticator app.</p></div>
      <form className="stack" {...form.props}>
        <Field
          label="Code" autoFocus autoComplete="one-time-code" inputMode="numeric" mono maxLength={16} binding={form.field("code")}
          hint={challenge.methods.includes("recovery") || challenge.methods === "" ? "No phone at hand? A recovery code works here too, once." : undefined}
        />
        <FormProblem problem={form.problem} />
        <Button tone="primary" wide type="submit" label="Log in" busy={form.pending} />
      </form>
      <Button tone="quiet" label="Use another account" onClick={() => onOver("")} />
    </>
  );
}
