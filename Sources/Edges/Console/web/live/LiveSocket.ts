// The socket: first the whole state, then numbered changes. A gap in the numbers means asking for the whole again; a
// lost connection is resumed where it stopped, with backoff and jitter so that a restarted server is not stormed.
import { observeServerTime } from "../kit/clock";
import { Delta, Head, Resource } from "./resource";

export type LinkState =
  | { kind: "connecting" }
  | { kind: "live" }
  /** `since`: when the last word came, local milliseconds. `nextTry`: undefined while a try is running. */
  | { kind: "lost"; since: number; nextTry: number | undefined }
  | { kind: "closed" };

export interface LiveHandlers {
  state: (resources: Resource[]) => void;
  delta: (delta: Delta) => void;
  link: (state: LinkState) => void;
  welcome: (orgID: string | undefined) => void;
  signedOut: () => void;
}

interface Message { type: string; timestamp?: number; head?: Head; data?: unknown }

const firstWait = 500, longestWait = 15_000;
const longestAsk = 3_000;
/** A server that has not told the whole by then is left for another line: its own look-up ends after 10 s. */
const answerLimit = 30_000;
/** The server speaks at least this often (its own ping interval is half of it); silence means the line is dead. */
const pingEvery = 10_000, silenceLimit = 25_000;

export class LiveSocket {
  private socket: WebSocket | undefined;
  private head: Head | undefined;
  private attempts = 0;
  private lostAt: number | undefined;
  private heardAt = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private watch: ReturnType<typeof setInterval> | undefined;
  private closed = false;
  /** The whole state was or will be asked for: until it comes, changes of it say nothing. */
  private asking = false;
  private ask: ReturnType<typeof setTimeout> | undefined;

  /** @param askAfter milliseconds until the whole is asked for again: what was lost for one was lost for many, and they
      must not all ask at once. */
  constructor(private readonly handlers: LiveHandlers, private readonly askAfter: () => number = () => Math.random() * longestAsk) {
    addEventListener("online", this.tryNow);
    document.addEventListener("visibilitychange", this.onVisible);
    this.connect();
  }

  /** Ends for good. */
  close(): void {
    this.closed = true;
    removeEventListener("online", this.tryNow);
    document.removeEventListener("visibilitychange", this.onVisible);
    clearTimeout(this.retry);
    this.detach();
    this.handlers.link({ kind: "closed" });
  }

  readonly tryNow = (): void => {
    if (this.closed || this.socket) return;
    clearTimeout(this.retry);
    this.connect();
  };

  private readonly onVisible = (): void => { if (!document.hidden) this.tryNow(); };

  private connect(): void {
    const since = this.head ? `?since=${this.head.epoch}.${this.head.seq}` : "";
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/ws${since}`);
    this.socket = socket;
    this.heardAt = Date.now();
    if (this.lostAt === undefined) this.handlers.link({ kind: "connecting" });
    else this.handlers.link({ kind: "lost", since: this.lostAt, nextTry: undefined });
    socket.onmessage = (event: MessageEvent<string>) => this.receive(event.data);
    socket.onclose = (event) => this.ended(event.code);
    if (!this.head) this.ask = setTimeout(() => this.ended(0), answerLimit);
    this.watch = setInterval(() => this.checkPulse(socket), 5_000);
  }

  private detach(): void {
    clearInterval(this.watch);
    this.stopAsking();
    const socket = this.socket;
    this.socket = undefined;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  private checkPulse(socket: WebSocket): void {
    const quiet = Date.now() - this.heardAt;
    if (quiet > silenceLimit) this.ended(0);
    else if (quiet > pingEvery && socket.readyState === WebSocket.OPEN) socket.send('{"type":"ping"}');
  }

  private receive(text: string): void {
    let message: Message;
    try { message = JSON.parse(text) as Message; } catch { return this.askAnew(); }
    this.heardAt = Date.now();
    if (message.timestamp !== undefined) observeServerTime(message.timestamp);
    switch (message.type) {
      case "welcome":
        this.attempts = 0;
        this.handlers.welcome((message.data as { orgId?: string } | undefined)?.orgId);
        if (this.head) this.alive(); // resumed: nothing else may come for a while
        return;
      case "initialState":
        this.stopAsking();
        this.head = message.head;
        this.handlers.state((message.data as { resources?: Resource[] } | undefined)?.resources ?? []);
        return this.alive();
      case "rawData": return this.follow(message);
      case "reload": return this.askAnew();
    }
  }

  private follow(message: Message): void {
    if (this.asking) return;
    const head = message.head, known = this.head;
    if (!head || !known) return this.askAnew();
    if (head.epoch === known.epoch && head.seq <= known.seq) return; // seen before
    if (head.epoch !== known.epoch || head.seq !== known.seq + 1) return this.askAnew();
    this.head = head;
    const delta = (message.data as { resourceDelta?: Delta } | undefined)?.resourceDelta;
    if (delta) this.handlers.delta(delta);
    this.alive();
  }

  private alive(): void {
    this.lostAt = undefined;
    this.handlers.link({ kind: "live" });
  }

  /** The numbers do not join: the whole state again, once, on the same line when it is open. */
  private askAnew(): void {
    this.head = undefined;
    if (this.asking) return;
    this.asking = true;
    clearTimeout(this.ask);
    this.ask = setTimeout(() => {
      if (this.socket?.readyState === WebSocket.OPEN) this.socket.send('{"type":"requestData"}');
      this.ask = setTimeout(() => this.ended(0), answerLimit);
    }, this.askAfter());
  }

  private stopAsking(): void {
    this.asking = false;
    clearTimeout(this.ask);
  }

  private ended(code: number): void {
    this.detach();
    if (this.closed) return;
    if (code === 4401 || code === 4403) this.handlers.signedOut();
    this.lostAt ??= this.heardAt;
    this.attempts += 1;
    const ceiling = Math.min(longestWait, firstWait * 2 ** (this.attempts - 1));
    const wait = ceiling / 2 + Math.random() * ceiling / 2;
    this.handlers.link({ kind: "lost", since: this.lostAt, nextTry: Date.now() + wait });
    this.retry = setTimeout(() => this.connect(), wait);
  }
}
