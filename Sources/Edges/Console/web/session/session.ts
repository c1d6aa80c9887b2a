// Who is signed in, and which organisation this tab looks at. Everything live and cached hangs on it.
import { useSyncExternalStore } from "react";
import { apiContext, cookie, get, patch, post } from "../kit/api";
import { forgetAll } from "../kit/cache";
import { APIProblem, asProblem } from "../kit/problem";
import { home, navigate, safePath } from "../kit/router";
import { toast } from "../kit/Toast";
import { startLive, stopLive } from "../live/live";
import { depart, Departure } from "./depart";

export interface Organisation { id: string; slug: string; displayName: string; role: string; status?: string; suspendReason?: string }

export interface Me {
  user: { id: string; email: string; displayName?: string };
  /** `boundTo`: one organisation vouched for it, and it is good there alone. */
  session: { id: string; createdAt: string; expiresAt: string; method?: string; boundTo?: string };
  organization: Organisation | null;
  organizations: Organisation[];
  csrfToken: string;
  permissions: string[];
}

export type Session =
  | { kind: "loading" }
  /** `nextTry`: local milliseconds; the session asks again by itself. */
  | { kind: "failed"; problem: APIProblem; nextTry: number }
  | { kind: "signedOut" }
  | { kind: "signedIn"; me: Me };

let session: Session = { kind: "loading" };
const listeners = new Set<() => void>();
/** Tells the other tabs of this browser: they share the cookies, so they share the organisation. */
const channel = typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("pulse");
type Announcement = { kind: "organisation" } | { kind: "signedOut" } | { kind: "signedIn" };

function set(next: Session): void {
  session = next;
  listeners.forEach((listener) => listener());
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useSession = (): Session => useSyncExternalStore(subscribe, () => session);

/** The person on a page that is shown to signed-in people only. */
export function useMe(): Me {
  const current = useSession();
  if (current.kind !== "signedIn") throw new Error("this page is for signed-in people");
  return current.me;
}

/** The same for what is no component; nobody before sign-in. */
export const presentMe = (): Me | undefined => session.kind === "signedIn" ? session.me : undefined;

export function may(me: Me, permission: string): boolean {
  return me.permissions.includes(permission) || me.permissions.includes("*");
}

/** Asks who we are; a 401 is an answer, not a failure. Without the cookie that scripts may read nobody is signed in. */
export async function loadSession(): Promise<void> {
  if (cookie("pulse_csrf") === undefined) return leave();
  try {
    adopt(await get<Me>("/api/me", { tries: 1, anywhere: true }));
  } catch (error) {
    const problem = asProblem(error);
    if (problem.status === 401) leave();
    else if (session.kind !== "signedIn") askAgain(problem);
  }
}

function askAgain(problem: APIProblem): void {
  const wait = (problem.retryAfterSeconds ?? 5) * 1000;
  set({ kind: "failed", problem, nextTry: Date.now() + wait });
  setTimeout(() => { if (session.kind === "failed") void loadSession(); }, wait);
}

function adopt(me: Me): void {
  const before = session.kind === "signedIn" ? session.me : undefined;
  apiContext.org = me.organization?.id;
  apiContext.csrf = me.csrfToken;
  set({ kind: "signedIn", me });
  const isSame = before?.user.id === me.user.id && before.organization?.id === me.organization?.id && isWatched(before.organization) === isWatched(me.organization);
  if (isSame) return;
  if (before) forgetAll(true);
  if (me.organization && isWatched(me.organization)) startLive(me.organization.id, { orgChanged: () => void loadSession(), signedOut: () => void loadSession() });
  else stopLive();
}

/** One that is suspended or on its way out is not watched: there is nothing live to ask for. */
export const isWatched = (organisation: Organisation | null): boolean => (organisation?.status ?? "active") === "active";

function leave(): void {
  apiContext.org = undefined;
  apiContext.csrf = undefined;
  if (session.kind === "signedIn") { stopLive(); forgetAll(false); }
  set({ kind: "signedOut" });
}

apiContext.onSignedOut = () => { if (session.kind === "signedIn") void loadSession(); };

channel?.addEventListener("message", (event: MessageEvent<Announcement>) => {
  const before = session.kind === "signedIn" ? session.me.organization?.id : undefined;
  apiContext.org = undefined;
  void loadSession().then(() => {
    const organization = session.kind === "signedIn" ? session.me.organization : null;
    if (event.data.kind !== "organisation" || !organization || organization.id === before) return;
    navigate(home);
    toast({ mark: "info", title: `Now in ${organization.displayName}`, text: "You switched in another tab." });
  });
});

const announce = (announcement: Announcement): void => channel?.postMessage(announcement);

/** After the server has set new cookies: a login, a finished sign-up. */
export async function signedIn(next: string): Promise<void> {
  apiContext.org = undefined;
  adopt(await get<Me>("/api/me"));
  announce({ kind: "signedIn" });
  navigate(next, { replace: true });
}

export async function logIn(email: string, password: string, rememberMe: boolean, next: string | null): Promise<void> {
  await post("/api/login", { email, password, rememberMe });
  await signedIn(safePath(next));
}

/** The password is not sent; the server has to prove itself as well. */
export async function logInByProof(email: string, password: string, rememberMe: boolean, next: string | null): Promise<void> {
  const { checkServer, prove } = await import("./zeroKnowledge");
  const { serverProof, ...claim } = await prove(email, password);
  const answer = await post<{ serverProof?: string }>("/api/auth/srp/verify", { email, ...claim, rememberMe });
  checkServer({ serverProof, ...claim }, answer.serverProof);
  await signedIn(safePath(next));
}

/** Who came by a provider is led out there, too. */
export async function logOut(): Promise<void> {
  let there: Departure = {};
  try {
    if (presentMe()?.session.boundTo === undefined) await post("/api/logout");
    else there = await post<Departure>("/api/sso/logout").catch(localLogout);
  } catch (error) {
    if (asProblem(error).status !== 401) {
      toast({ mark: "critical", title: "Still signed in", text: asProblem(error).sentence });
      return;
    }
  }
  leave();
  announce({ kind: "signedOut" });
  if (!depart(there)) navigate("/login");
}

/** What the provider opened is not known any more: the session ends here all the same. */
async function localLogout(error: unknown): Promise<Departure> {
  if (asProblem(error).status === 401) throw error;
  await post("/api/logout");
  return {};
}

export async function switchOrganisation(id: string): Promise<void> {
  await post(`/api/orgs/${id}/switch`);
  apiContext.org = undefined;
  adopt(await get<Me>("/api/me"));
  announce({ kind: "organisation" });
  navigate(home);
}

/** Creates it and goes there. */
export async function createOrganisation(displayName: string): Promise<void> {
  const created = await post<{ id?: string; organization?: Organisation }>("/api/orgs", { displayName });
  const id = created.id ?? created.organization?.id;
  if (id) await switchOrganisation(id);
}

/** Its name or state changed: what the frame shows follows. */
export async function reloadSession(): Promise<void> {
  adopt(await get<Me>("/api/me", { anywhere: true }));
}

export async function rename(displayName: string): Promise<void> {
  await patch("/api/me", { displayName });
  if (session.kind === "signedIn") set({ kind: "signedIn", me: { ...session.me, user: { ...session.me.user, displayName } } });
}

export const personName = (me: Me): string => me.user.displayName || me.user.email;

export { initials } from "../kit/initials";
