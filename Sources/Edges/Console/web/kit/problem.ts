/** An answer that says what went wrong: `application/problem+json`, or what the network left us with. */
export interface ProblemBody {
  type?: string;
  status?: number;
  title?: string;
  detail?: string;
  field?: string;
  code?: string;
  requestId?: string;
  /** What this kind of problem says besides: `challenge`, `remaining`. */
  [extra: string]: unknown;
}

/** `network`: no answer at all. `timeout`: none in time. `http`: an answer that refuses. */
export type ProblemKind = "network" | "timeout" | "http";

export class APIProblem extends Error {
  readonly kind: ProblemKind;
  /** 0 when there was no answer. */
  readonly status: number;
  /** The permanent name of the problem (`invalid-field`); empty when there was no answer. */
  readonly slug: string;
  readonly title: string;
  readonly detail: string | undefined;
  /** The member of the request that is wrong. */
  readonly field: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly requestId: string | undefined;
  private readonly body: ProblemBody;

  constructor(kind: ProblemKind, status: number, body: ProblemBody, retryAfterSeconds?: number, requestId?: string) {
    super(body.detail ?? body.title ?? kind);
    this.kind = kind;
    this.status = status;
    this.slug = (body.type ?? "").split(/[/:]/).pop() ?? "";
    this.title = body.title ?? "";
    this.detail = body.detail;
    this.field = body.field;
    this.retryAfterSeconds = retryAfterSeconds;
    this.body = body;
    this.requestId = body.requestId ?? requestId;
  }

  /** A member that only this kind of problem has; empty when it is not there. */
  extra(name: string): string {
    const value = this.body[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  }

  /** Trying the same again later may work. */
  get isTemporary(): boolean {
    return this.kind !== "http" || this.status === 429 || this.status >= 500;
  }

  /** What happened and why, in one or two sentences for a person. */
  get sentence(): string {
    if (this.kind === "network") return "The server does not answer. Check the connection of this device.";
    if (this.kind === "timeout") return "The server did not answer in time.";
    const reason = this.detail ?? this.title;
    if (this.status === 429) {
      if (this.detail) return this.detail;
      return `Too many tries. ${this.retryAfterSeconds ? `Try again in ${this.retryAfterSeconds} s.` : "Wait a minute."}`;
    }
    if (this.status === 503) return `The server answered 503: ${lowerFirst(reason) || "it is not ready"}.`.replace("..", ".");
    if (this.status >= 500) return `The server answered ${this.status}. This is ours to fix, and it is in our log.`;
    return reason || `The server answered ${this.status}.`;
  }
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

export function asProblem(error: unknown): APIProblem {
  return error instanceof APIProblem ? error : new APIProblem("network", 0, { detail: String(error) });
}
