import type { WebSocket } from "ws";
import type { Audience, Identity, Subscriber } from "./audience.ts";
import type { Hub } from "./hub.ts";
import type { TokenCheck } from "./identity.ts";
import type { RealtimeLimits } from "./limits.ts";
import {
  authenticatedMessage,
  type ClientMessage,
  CLOSE,
  closeReason,
  type Farewell,
  parseClientMessage,
} from "./protocol.ts";

export interface ConnectionOptions {
  readonly hub: Hub;
  readonly limits: RealtimeLimits;
  readonly checkToken: (token: string) => Promise<TokenCheck>;
  /** A defect of ours: it ends one socket, and not the service. */
  readonly onFailure: (error: unknown) => void;
  /** The first subscription was allowed. */
  readonly onJoined: () => void;
  readonly onEnd: () => void;
}

/** After a close frame the other side has this long to answer it. */
const CLOSE_MS = 2_000;
/** The longest time that a timer holds. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const FLOOD_WINDOW_MS = 10_000;

/** One socket, from the handshake to its end. */
export class Connection implements Subscriber {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  #audience: Audience | undefined;
  #token: string | undefined;
  #isEnding = false;
  #isAlive = true;
  #behindSince: number | undefined;
  #hasJoined = false;
  #hasAsked = false;
  #joinTimer: NodeJS.Timeout | undefined;
  #expiryTimer: NodeJS.Timeout | undefined;
  #windowStart = 0;
  #inWindow = 0;
  /** Messages are handled one after the other; the limit on their number keeps this short. */
  #turn: Promise<void> = Promise.resolve();

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("message", (data, isBinary) => {
      if (!this.#mayGoOn()) return;
      if (isBinary) this.close({ code: CLOSE.notText, reason: "messages are text" });
      // With the library's default `binaryType` a text is one Buffer.
      else this.#take(parseClientMessage((data as Buffer).toString("utf8")));
    });
    socket.on("ping", (data) => {
      if (this.#mayGoOn()) socket.pong(data);
    });
    socket.on("pong", () => {
      if (this.#mayGoOn()) this.#isAlive = true;
    });
    // What a client does wrong in the protocol itself; the library closes with the code for it.
    socket.on("error", () => {
      this.#leave();
      this.#endSoon();
    });
    socket.on("close", () => {
      this.#leave();
      options.onEnd();
    });
    this.#joinTimer = setTimeout(() => this.close(this.#lateness()), options.limits.joinMs);
  }

  /** For a token that came with the handshake. */
  authenticate(token: string): void {
    this.#take({ kind: "message", message: { type: "auth", token } });
  }

  send(message: Buffer): void {
    if (this.#isEnding) return;
    if (this.#isExpired()) {
      this.close(EXPIRED);
      return;
    }
    if (!this.#hasJoined) this.#joined();
    this.#socket.send(message, { binary: false });
    if (this.#socket.bufferedAmount > this.#options.limits.unreadMostBytes) this.close(UNREAD);
  }

  isBehind(): boolean {
    const { unreadBytes, unreadMs } = this.#options.limits;
    if (this.#socket.bufferedAmount <= unreadBytes) {
      this.#behindSince = undefined;
      return false;
    }
    this.#behindSince ??= Date.now();
    if (Date.now() - this.#behindSince >= unreadMs) this.close(UNREAD);
    return !this.#isEnding;
  }

  close({ code, reason }: Farewell): void {
    if (this.#isEnding) return;
    this.#leave();
    this.#socket.close(code, closeReason(reason));
    this.#endSoon();
  }

  /** Ends the socket if the last ping was not answered, and sends the next one. */
  ping(): void {
    if (this.#isEnding) return;
    if (!this.#isAlive) {
      this.#leave();
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  /** Asks again whether the token is accepted: the secret that signed it may have been withdrawn. */
  recheck(): void {
    this.#inTurn(async () => {
      if (this.#isEnding || this.#token === undefined) return;
      const checked = await this.#options.checkToken(this.#token);
      if (checked.kind === "refused") this.close({ code: CLOSE.unauthorized, reason: checked.because });
    });
  }

  terminate(): void {
    this.#leave();
    this.#socket.terminate();
  }

  #endSoon(): void {
    setTimeout(() => this.#socket.terminate(), CLOSE_MS).unref();
  }

  /** From here on nothing is sent, and nothing that arrives is looked at. */
  #leave(): void {
    this.#isEnding = true;
    clearTimeout(this.#joinTimer);
    clearTimeout(this.#expiryTimer);
    if (this.#audience !== undefined) this.#options.hub.leave(this.#audience, this);
    this.#audience = undefined;
  }

  /** Counts what a client sends, whatever it is: a socket is for being told something. */
  #mayGoOn(): boolean {
    if (this.#isEnding) return false;
    const now = Date.now();
    if (now - this.#windowStart >= FLOOD_WINDOW_MS) {
      this.#windowStart = now;
      this.#inWindow = 0;
    }
    this.#inWindow += 1;
    if (this.#inWindow <= this.#options.limits.messagesPerTenSeconds) return true;
    this.close({ code: CLOSE.misbehaved, reason: "too many messages" });
    return false;
  }

  #take(parsed: ReturnType<typeof parseClientMessage>): void {
    if (parsed.kind === "invalid") {
      this.close({ code: CLOSE.misbehaved, reason: parsed.because });
      return;
    }
    this.#inTurn(async () => await this.#handle(parsed.message));
  }

  #inTurn(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      this.close({ code: CLOSE.failed, reason: "the service failed" });
      this.#options.onFailure(error);
    });
  }

  async #handle(message: ClientMessage): Promise<void> {
    if (this.#isEnding) return;
    if (message.type === "subscribe") {
      if (this.#audience === undefined) {
        this.close({ code: CLOSE.unauthorized, reason: "send a token first: auth" });
        return;
      }
      this.#hasAsked = true;
      this.#options.hub.subscribe(this.#audience, this, message.channel);
      return;
    }
    if (this.#audience !== undefined) {
      this.close({ code: CLOSE.misbehaved, reason: "this socket has its user already" });
      return;
    }
    const checked = await this.#options.checkToken(message.token);
    if (this.#isEnding) return;
    if (checked.kind === "refused") this.close({ code: CLOSE.unauthorized, reason: checked.because });
    else this.#enter(checked.identity, message.token);
  }

  #enter(identity: Identity, token: string): void {
    const joined = this.#options.hub.join(identity, this);
    if ("code" in joined) {
      this.close(joined);
      return;
    }
    this.#audience = joined;
    this.#token = token;
    this.#watchExpiry();
    if (!this.#isEnding) this.#socket.send(authenticatedMessage(identity.exp));
  }

  #isExpired(): boolean {
    return this.#audience !== undefined && Date.now() >= this.#audience.identity.exp * 1000;
  }

  #watchExpiry(): void {
    if (this.#audience === undefined) return;
    if (this.#isExpired()) {
      this.close(EXPIRED);
      return;
    }
    const left = this.#audience.identity.exp * 1000 - Date.now();
    this.#expiryTimer = setTimeout(() => this.#watchExpiry(), Math.min(left, LONGEST_TIMER_MS));
  }

  #joined(): void {
    this.#hasJoined = true;
    clearTimeout(this.#joinTimer);
    this.#options.onJoined();
  }

  #lateness(): Farewell {
    if (this.#audience === undefined) return { code: CLOSE.unauthorized, reason: "no token came in time" };
    if (!this.#hasAsked) return { code: CLOSE.misbehaved, reason: "no subscription came in time" };
    return { code: CLOSE.tryLater, reason: "the database did not answer" };
  }
}

const UNREAD: Farewell = { code: CLOSE.tryLater, reason: "too much was left unread" };
const EXPIRED: Farewell = { code: CLOSE.unauthorized, reason: "the token has expired" };
