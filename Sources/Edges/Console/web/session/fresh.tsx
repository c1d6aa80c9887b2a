// What is grave is done by someone who proved a moment ago who they are. The server decides what is grave: it refuses,
// the person confirms, and the same request goes once more.
import { useId, useSyncExternalStore } from "react";
import { get, post } from "../kit/api";
import { serverNow } from "../kit/clock";
import { Button } from "../kit/Button";
import { Dialog } from "../kit/Dialog";
import { Field, FormProblem, useForm } from "../kit/form";
import { APIProblem, asProblem } from "../kit/problem";
import { depart, Departure } from "./depart";
import { presentMe, useMe } from "./session";

/** `provider`: whoever vouched for this session is asked once more. `code`: it was opened by a break-glass code. */
type Method = "password" | "totp" | "srp" | "link" | "provider" | "code";
interface Account { stepUpMethods: string[]; freshUntil?: string | null }
interface Question { method: Method; answer: (confirmed: boolean) => void }

let question: Question | undefined;
const listeners = new Set<() => void>();

function set(next: Question | undefined): void {
  question = next;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Runs `action`; when the session is not fresh enough, asks the person and runs it again. */
export async function fresh<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    const problem = asProblem(error);
    if (problem.slug !== "fresh-session-required") throw error;
    if (!await confirmed(problem)) throw new APIProblem("http", 403, { detail: "Not confirmed, so nothing was changed." });
    return action();
  }
}

/** For what a browser fetches by itself, a download: asks beforehand. False when the person would not. */
export async function ensureFresh(): Promise<boolean> {
  if (presentMe()?.session.boundTo) return true; // the server says so where it is not
  const account = await get<Account>("/api/security/account");
  const left = account.freshUntil ? Date.parse(account.freshUntil) - serverNow() : 0;
  return left > 30_000 || ask(account.stepUpMethods);
}

async function confirmed(problem: APIProblem): Promise<boolean> {
  const { boundTo, method } = presentMe()?.session ?? {};
  if (boundTo) return ask([method === "break-glass" ? "code" : "provider"]);
  const told = problem.extra("methods").split(",").map((one) => one.trim()).filter(Boolean);
  return ask(told.length > 0 ? told : (await get<Account>("/api/security/account")).stepUpMethods);
}

function ask(methods: readonly string[]): Promise<boolean> {
  const method = methods.includes("provider") ? "provider" : methods.includes("code") ? "code" : methods.includes("totp") ? "totp" : methods.includes("srp") ? "srp" : methods.includes("password") ? "password" : "link";
  question?.answer(false);
  return new Promise((resolve) => set({ method, answer: (answer) => { set(undefined); resolve(answer); } }));
}

/** The one place where the question is shown; beside everything else, because dialogs ask too. */
export function StepUp(): JSX.Element | null {
  const asked = useSyncExternalStore(subscribe, () => question);
  if (!asked) return null;
  const close = (): void => asked.answer(false);
  switch (asked.method) {
    case "link": return <SignInAgain onClose={close} />;
    case "code": return <ComeInAgain onClose={close} />;
    case "provider": return <AskProvider onClose={close} />;
    default: return <Confirm method={asked.method} answer={asked.answer} />;
  }
}

function Confirm({ method, answer }: { method: Exclude<Method, "link" | "provider" | "code">; answer: (confirmed: boolean) => void }): JSX.Element {
  const formID = useId(), me = useMe();
  const isCode = method === "totp";
  const form = useForm({
    initial: { proof: "" },
    check: ({ proof }) => ({ proof: proof.trim() === "" ? (isCode ? "Type the six digits." : "Type your password.") : undefined }),
    submit: async ({ proof }) => {
      await post("/api/security/step-up", isCode ? { code: proof.replace(/\s/g, "") } : method === "srp" ? await claimOf(me.user.email, proof) : { password: proof });
      answer(true);
    },
    explain: (problem) => {
      if (problem.slug === "wrong-password") return { proof: "This is not your password." };
      return problem.slug === "second-factor-wrong" ? { proof: "This code does not fit. Wait for the next one and try again." } : undefined;
    },
  });
  return (
    <Dialog
      title="Confirm it is you" onClose={() => answer(false)}
      foot={<><Button label="Cancel" onClick={() => answer(false)} /><Button tone="primary" type="submit" form={formID} label="Confirm" busy={form.pending} /></>}
    >
      <p className="muted">What you are about to do needs a fresh sign-in. You are not asked again for ten minutes.</p>
      <form id={formID} className="stack stack-3" {...form.props}>
        {isCode
          ? <Field label="Code" binding={form.field("proof")} autoComplete="one-time-code" inputMode="numeric" hint="From your authenticator app, or a recovery code." mono />
          : <Field label="Password" type="password" binding={form.field("proof")} autoComplete="current-password" />}
        <FormProblem problem={form.problem} />
      </form>
    </Dialog>
  );
}

/** The password stays here; what goes out proves that it is known. */
async function claimOf(email: string, password: string): Promise<unknown> {
  const { prove } = await import("./zeroKnowledge");
  const { serverProof: _, ...claim } = await prove(email, password);
  return claim;
}

/** Someone with neither password nor second factor proves themselves as they always do: by a link. */
function SignInAgain({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Sign in again first" onClose={onClose} foot={<Button tone="primary" label="Close" onClick={onClose} />}>
      <p className="muted">What you are about to do needs a fresh sign-in, and you have no password. Log out, let us send you a link, and come back within ten minutes.</p>
    </Dialog>
  );
}

/** The provider asks the person anew and sends them back to this page. */
function AskProvider({ onClose }: { onClose: () => void }): JSX.Element {
  const formID = useId();
  const form = useForm({
    initial: {},
    submit: async () => {
      depart(await post<Departure>("/api/sso/step-up", { returnTo: location.pathname + location.search }));
    },
  });
  return (
    <Dialog
      title="Confirm it is you" onClose={onClose}
      foot={<><Button label="Cancel" onClick={onClose} /><Button tone="primary" type="submit" form={formID} label="Confirm at my provider" busy={form.pending} /></>}
    >
      <p className="muted">What you are about to do needs a fresh sign-in. Your provider asks you, and leads you back here; then do it again.</p>
      <form id={formID} {...form.props}><FormProblem problem={form.problem} /></form>
    </Dialog>
  );
}

/** A code that is used up confirms nothing any more. */
function ComeInAgain({ onClose }: { onClose: () => void }): JSX.Element {
  return (
    <Dialog title="Come in again first" onClose={onClose} foot={<Button tone="primary" label="Close" onClick={onClose} />}>
      <p className="muted">What you are about to do needs a fresh sign-in, and you came in with a break-glass code. Log out, use the next code, and do it within ten minutes.</p>
    </Dialog>
  );
}
