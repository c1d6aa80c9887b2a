// One way to the server: cookies, CSRF header, problem+json, time limits, and patience with a 503 that says when.
import { APIProblem, ProblemBody } from "./problem";

export interface RequestOptions {
  body?: unknown;
  signal?: AbortSignal;
  /** Milliseconds; default 15,000, the server's own limit. */
  timeout?: number;
  /** Tries in all after a 503 with Retry-After. Default 3 for GET, 1 for everything else: a change is never sent twice. */
  tries?: number;
  /** Sent as `Idempotency-Key`: the same creation told twice happens once. */
  key?: string;
  /** The revision that was seen, sent as `If-Match`: refused when somebody changed it meanwhile. */
  revision?: number;
  /** Sent as it is, instead of `body`. */
  file?: { data: Blob; type: string };
  /** About the person, not about an organisation: the one of this tab is not told, for it may be gone. */
  anywhere?: boolean;
}

interface Context {
  /** Told in `X-Pulse-Org-ID`, so that a switch in another tab cannot redirect this one's requests. */
  org: string | undefined;
  csrf: string | undefined;
  /** The cookie that scripts may read; its value goes back in a header with every change. */
  csrfCookie: string;
  onSignedOut: () => void;
}

export const apiContext: Context = { org: undefined, csrf: undefined, csrfCookie: "pulse_csrf", onSignedOut: () => undefined };

const longestWait = 10;

export async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  const tries = options.tries ?? (method === "GET" ? 3 : 1);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once<T>(method, path, options);
    } catch (error) {
      const wait = error instanceof APIProblem && error.status === 503 ? error.retryAfterSeconds : undefined;
      if (attempt >= tries || wait === undefined || wait > longestWait) throw error;
      await pause(wait * 1000 + Math.random() * 250, options.signal);
    }
  }
}

export const get = <T>(path: string, options?: RequestOptions) => request<T>("GET", path, options);
export const post = <T>(path: string, body?: unknown, options?: RequestOptions) =>
  request<T>("POST", path, { ...options, body });
export const patch = <T>(path: string, body: unknown, options?: RequestOptions) =>
  request<T>("PATCH", path, { ...options, body });
export const put = <T>(path: string, body: unknown, options?: RequestOptions) =>
  request<T>("PUT", path, { ...options, body });
export const remove = (path: string, options?: RequestOptions) => request<void>("DELETE", path, options);

/** Sends a file as it is, however long that takes. */
export const upload = <T>(path: string, file: Blob, type: string) => request<T>("POST", path, { file: { data: file, type }, timeout: 3_600_000 });

/** A new name for one intention. Works over plain http too, where `crypto.randomUUID` does not exist. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function once<T>(method: string, path: string, options: RequestOptions): Promise<T> {
  const controller = new AbortController();
  let late = false;
  const timer = setTimeout(() => { late = true; controller.abort(); }, options.timeout ?? 15_000);
  const abort = () => controller.abort();
  options.signal?.addEventListener("abort", abort, { once: true });
  if (options.signal?.aborted) controller.abort();
  try {
    const response = await fetch(path, {
      method, headers: headers(method, options), credentials: "same-origin", signal: controller.signal,
      redirect: "error", body: options.file ? options.file.data : options.body === undefined ? undefined : JSON.stringify(options.body),
    });
    if (!response.ok) throw await refusal(response, method, path);
    if (response.status === 204 || response.status === 205) return undefined as unknown as T;
    return await response.json() as T;
  } catch (error) {
    if (error instanceof APIProblem) throw error;
    if (late) throw new APIProblem("timeout", 0, {});
    if (options.signal?.aborted) throw new DOMException("aborted", "AbortError");
    throw new APIProblem("network", 0, {});
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
  }
}

function headers(method: string, { body, file, key, revision, anywhere }: RequestOptions): Record<string, string> {
  const result: Record<string, string> = { Accept: "application/json" };
  if (key) result["Idempotency-Key"] = key;
  if (revision !== undefined) result["If-Match"] = `"${revision}"`;
  if (file) result["Content-Type"] = file.type;
  else if (body !== undefined) result["Content-Type"] = "application/json";
  if (apiContext.org && !anywhere) result["X-Pulse-Org-ID"] = apiContext.org;
  if (method !== "GET") {
    const token = cookie(apiContext.csrfCookie) ?? apiContext.csrf;
    if (token) result["X-CSRF-Token"] = token;
  }
  return result;
}

async function refusal(response: Response, method: string, path: string): Promise<APIProblem> {
  let body: ProblemBody = {};
  try {
    body = await response.json() as ProblemBody;
  } catch {
    // a proxy's page, or nothing: the status alone has to do
  }
  const after = Number(response.headers.get("Retry-After"));
  const problem = new APIProblem(
    "http", response.status, body, Number.isFinite(after) && after > 0 ? after : undefined,
    response.headers.get("X-Request-ID") ?? undefined);
  const asksWho = method === "GET" && /^\/api\/(operator\/)?me$/.test(path) || /^\/api\/(operator\/)?(login|setup\/|public\/|auth\/srp\/)/.test(path);
  if (response.status === 401 && !asksWho) apiContext.onSignedOut();
  return problem;
}

export function cookie(name: string): string | undefined {
  const found = document.cookie.split("; ").find((part) => part.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : undefined;
}

export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    }, { once: true });
  });
}
