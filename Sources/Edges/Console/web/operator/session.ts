// Which operator is signed in. Sessions are short; when one ends, the way back leads where one was.
import { useSyncExternalStore } from "react";
import { apiContext, cookie, get, post } from "../kit/api";
import { forgetAll } from "../kit/cache";
import { APIProblem, asProblem } from "../kit/problem";
import { navigate } from "../kit/router";
import { toast } from "../kit/Toast";
import { api, Operator } from "./wire";

export interface OperatorMe { operator: Operator; csrfToken: string; expiresAt: string; absoluteExpiresAt: string }

export type OperatorSession =
  | { kind: "loading" }
  /** `nextTry`: local milliseconds; the session asks again by itself. */
  | { kind: "failed"; problem: APIProblem; nextTry: number }
  | { kind: "signedOut" }
  | { kind: "signedIn"; me: OperatorMe };

apiContext.csrfCookie = "pulse_operator_csrf";
let session: OperatorSession = { kind: "loading" };
const listeners = new Set<() => void>();

function set(next: OperatorSession): void {
  session = next;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useOperatorSession = (): OperatorSession => useSyncExternalStore(subscribe, () => session);

/** The operator on a page that is shown to signed-in operators only. */
export function useOperator(): Operator {
  const current = useOperatorSession();
  if (current.kind !== "signedIn") throw new Error("this page is for signed-in operators");
  return current.me.operator;
}

export const isAdmin = (operator: Operator): boolean => operator.role === "operator_admin";

/** A 401 is an answer, not a failure. Without the cookie that scripts may read nobody is signed in. */
export async function loadOperator(): Promise<void> {
  if (cookie(apiContext.csrfCookie) === undefined) return leave();
  try {
    adopt(await get<OperatorMe>(`${api}/me`, { tries: 1 }));
  } catch (error) {
    const problem = asProblem(error);
    if (problem.status === 401) leave();
    else if (session.kind !== "signedIn") askAgain(problem);
  }
}

function askAgain(problem: APIProblem): void {
  const wait = (problem.retryAfterSeconds ?? 5) * 1000;
  set({ kind: "failed", problem, nextTry: Date.now() + wait });
  setTimeout(() => { if (session.kind === "failed") void loadOperator(); }, wait);
}

function adopt(me: OperatorMe): void {
  apiContext.csrf = me.csrfToken;
  set({ kind: "signedIn", me });
}

function leave(): void {
  apiContext.csrf = undefined;
  if (session.kind === "signedIn") forgetAll(false);
  set({ kind: "signedOut" });
}

apiContext.onSignedOut = () => { if (session.kind === "signedIn") void loadOperator(); };

/** All three proofs in one go: an answer to the first alone would say that it was right. */
export async function signIn(email: string, password: string, code: string, next: string): Promise<void> {
  await post(`${api}/login`, { email, password, code });
  adopt(await get<OperatorMe>(`${api}/me`));
  navigate(next, { replace: true });
}

/** What a provider vouched for waits for this code; where to go on is what the sign-in was begun with. */
export async function signInByCode(code: string): Promise<void> {
  const { returnTo } = await post<{ returnTo: string }>(`${api}/sso/code`, { code });
  adopt(await get<OperatorMe>(`${api}/me`));
  navigate(returnTo, { replace: true });
}

/** Whoever came by a provider is signed out there, too. */
export async function signOut(): Promise<void> {
  try {
    const { url } = await post<{ url?: string }>(`${api}/sso/logout`, {});
    if (url) { location.assign(url); return; }
  } catch (error) {
    if (asProblem(error).status !== 401) {
      toast({ mark: "critical", title: "Still signed in", text: asProblem(error).sentence });
      return;
    }
  }
  leave();
  navigate("/login");
}
