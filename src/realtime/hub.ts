import type { ReadAnswer } from "../db/read-as.ts";
import { Audience, type Identity, type Subscriber, User } from "./audience.ts";
import { type Change, type KnownChannel, parseChange } from "./change.ts";
import { ChangeLog } from "./change-log.ts";
import type { RealtimeLimits } from "./limits.ts";
import { Portion } from "./portion.ts";
import { CLOSE, type Farewell, resyncMessage, subscribedMessage } from "./protocol.ts";
import { type Question, sightOf } from "./queries.ts";
import { refusalOf, type RefusedRead } from "./refusal.ts";
import { parentOf, tidingsOf } from "./tidings.ts";

/** A request that has to be made as somebody, and what it is made for. */
export interface Work {
  readonly audience: Audience;
  readonly questions: readonly Question[];
  readonly changes: readonly Change[];
  readonly joining: Audience["joining"];
  /** The place in the log after these changes. */
  readonly next: number;
}

/** Something that whoever runs the service should see. */
export type Trouble =
  | { readonly kind: "message"; readonly channel: string; readonly because: string }
  | { readonly kind: "read"; readonly role: string; readonly because: string }
  /** A defect of ours, met by one socket. */
  | { readonly kind: "defect"; readonly because: string };

/** How soon it is looked again whether somebody has caught up. */
const BEHIND_MS = 20;

/**
 * Who is there, what happened, and who has yet to be told what. It knows neither sockets nor connections: readers take
 * work from it and bring back answers, and subscribers are handed messages.
 */
export class Hub {
  readonly #channels: ReadonlyMap<string, KnownChannel>;
  readonly #limits: RealtimeLimits;
  readonly #onTrouble: (trouble: Trouble) => void;
  readonly #log: ChangeLog;
  /** By their claims. */
  readonly #audiences = new Map<string, Audience>();
  /** By what their tokens say of them. */
  readonly #users = new Map<string, User>();
  /** Those for whom there may be something to do and nothing is on its way, in the order in which it is their turn. */
  readonly #ready = new Set<User>();
  /** Those who have to catch up before more is read for them. */
  readonly #behind = new Set<Audience>();
  #behindTimer: NodeJS.Timeout | undefined;
  #isWaking = false;
  #waiting: (() => void)[] = [];

  constructor(given: {
    readonly channels: readonly KnownChannel[];
    readonly limits: RealtimeLimits;
    readonly onTrouble: (trouble: Trouble) => void;
  }) {
    this.#channels = new Map(given.channels.map((channel) => [channel.channel, channel]));
    this.#limits = given.limits;
    this.#onTrouble = given.onTrouble;
    this.#log = new ChangeLog(given.limits.changesKept);
  }

  // ─── Who is there ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Lets a socket in, or says why not. */
  join(identity: Identity, subscriber: Subscriber): Audience | Farewell {
    const user = this.#users.get(identity.user) ?? new User(identity.user, new Portion(this.#limits));
    if (user.sockets >= this.#limits.socketsPerUser) {
      return { code: CLOSE.tryLater, reason: "too many sockets of this user" };
    }
    const { claims } = identity;
    const audience = this.#audiences.get(claims) ?? new Audience(identity, user, this.#limits.rowsRemembered);
    this.#users.set(user.name, user);
    this.#audiences.set(claims, audience);
    audience.subscribers.set(subscriber, new Set());
    user.sockets += 1;
    return audience;
  }

  /** Asks the database whether this user may read the channel; the answer is `subscribed`, or the end of the socket. */
  subscribe(audience: Audience, subscriber: Subscriber, channel: string): void {
    if (!this.#channels.has(channel)) {
      subscriber.close({ code: CLOSE.unknownChannel, reason: "there is no such channel" });
      return;
    }
    // From here on nothing is missed: what is committed after the answer was sent stands behind this place.
    if (audience.channels().length === 0 && audience.joining.length === 0) audience.place = this.#log.end;
    audience.joining.push({ subscriber, channel });
    this.#makeReady(audience);
  }

  leave(audience: Audience, subscriber: Subscriber): void {
    const { user } = audience;
    if (audience.subscribers.delete(subscriber)) user.sockets -= 1;
    audience.joining = audience.joining.filter((waiting) => waiting.subscriber !== subscriber);
    if (audience.subscribers.size > 0) return;
    user.waiting.delete(audience);
    const { claims } = audience.identity;
    if (this.#audiences.get(claims) === audience) this.#audiences.delete(claims);
    this.#nextTurn(user);
  }

  // ─── What happened ────────────────────────────────────────────────────────────────────────────────────────────────

  /** A message of NOTIFY has come. */
  notified(channelName: string, payload: string): void {
    const channel = this.#channels.get(channelName);
    if (channel === undefined) return;
    const parsed = parseChange(channel, payload);
    switch (parsed.kind) {
      case "change":
        this.#log.append(parsed.change);
        this.#wakeAll();
        return;
      case "everything":
        for (const audience of this.#audiences.values()) audience.tell(channelName, resyncMessage(channelName));
        return;
      case "unreadable":
        this.#onTrouble({ kind: "message", channel: channelName, because: parsed.because });
    }
  }

  /** Messages may have been lost: everybody has to read again. */
  missed(): void {
    this.#log.forget();
    this.#wakeAll();
  }

  /** Has every user checked again, also those for whom nothing happens. */
  recheck(): void {
    for (const audience of this.#audiences.values()) {
      audience.isDue = audience.channels().length > 0;
      if (audience.isDue) this.#makeReady(audience);
    }
  }

  // ─── Who has yet to be told ───────────────────────────────────────────────────────────────────────────────────────

  /** Resolves when there may be work, or at `wakeReaders`. */
  async waitForWork(): Promise<void> {
    if (this.#ready.size > 0) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  wakeReaders(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** The requests of the users whose turn it is, one for each: their share for one of all readers. */
  takeWork(): Work[] {
    const share = Math.ceil(this.#ready.size / this.#limits.readers);
    const taken: Work[] = [];
    for (const user of this.#ready) {
      if (taken.length >= Math.min(share, this.#limits.requestsAtOnce)) break;
      const work = this.#turnOf(user);
      this.#ready.delete(user);
      if (work === undefined) continue;
      user.busyWith = work.audience;
      taken.push(work);
    }
    return taken;
  }

  /** Work that could not be done, since a connection was lost; it is done by whoever comes next. */
  giveBack({ audience, joining }: Work): void {
    audience.user.busyWith = undefined;
    audience.joining = [
      ...joining.filter(({ subscriber }) => audience.subscribers.has(subscriber)),
      ...audience.joining,
    ];
    this.#makeReady(audience);
    this.#nextTurn(audience.user);
  }

  /** The answer of the database: everybody whom it is for is told. */
  settle(work: Work, answer: ReadAnswer | RefusedRead): void {
    const { audience } = work;
    audience.user.busyWith = undefined;
    audience.waitingSince = undefined;
    if (answer.kind === "refused") this.#refuse(work, answer);
    else {
      audience.place = work.next;
      this.#tell(work, answer.rows);
    }
    if (audience.joining.length > 0 || audience.place < this.#log.end) this.#makeReady(audience);
    this.#nextTurn(audience.user);
  }

  /**
   * Tells those who have waited too long that they have to read again. They need not be told then what happened in the
   * meantime, unless a request is on its way: its answer may be older than what they read.
   */
  resyncLate(): void {
    const now = Date.now();
    for (const audience of this.#audiences.values()) {
      if (audience.waitingSince === undefined || now - audience.waitingSince < this.#limits.waitMs) continue;
      const channels = audience.channels();
      const slice = this.#log.read(audience.place, channels, 1);
      if (slice.kind === "changes" && slice.changes.length === 0) continue;
      audience.waitingSince = now;
      if (audience.user.busyWith !== audience) audience.place = this.#log.end;
      this.#resync(audience, channels);
    }
  }

  /** What is to be done for the first of a user's audiences for which there is something. */
  #turnOf(user: User): Work | undefined {
    for (const audience of user.waiting) {
      user.waiting.delete(audience);
      if (audience.isBehind()) {
        this.#waitFor(audience);
        continue;
      }
      const work = this.#workFor(audience);
      if (work !== undefined) return work;
      audience.waitingSince = undefined;
    }
    return undefined;
  }

  /** They are looked at again in a moment. */
  #waitFor(audience: Audience): void {
    audience.waitingSince = undefined;
    this.#behind.add(audience);
    if (this.#behindTimer !== undefined) return;
    this.#behindTimer = setTimeout(() => {
      this.#behindTimer = undefined;
      const behind = [...this.#behind];
      this.#behind.clear();
      for (const each of behind) this.#makeReady(each);
    }, BEHIND_MS);
  }

  #workFor(audience: Audience): Work | undefined {
    const subscribed = audience.channels();
    const keys = audience.user.portion.keysFor(audience.subscribers.size);
    const slice = this.#log.read(audience.place, subscribed, keys);
    if (slice.kind === "missed") this.#resync(audience, subscribed);
    const changes = slice.kind === "missed" ? [] : slice.changes;
    const { joining } = audience;
    if (changes.length === 0 && joining.length === 0 && !audience.isDue) {
      audience.place = slice.next;
      return undefined;
    }
    audience.joining = [];
    audience.isDue = false;
    const names = new Set([...subscribed, ...joining.map(({ channel }) => channel)]);
    const questions = [...names].flatMap((name) => {
      const channel = this.#channels.get(name);
      return channel === undefined ? [] : [questionAbout(channel, changes, audience)];
    });
    return { audience, questions, changes, joining, next: slice.next };
  }

  #tell(work: Work, rows: Extract<ReadAnswer, { kind: "rows" }>["rows"]): void {
    const { audience, changes, joining } = work;
    for (const { subscriber, channel } of joining) {
      audience.subscribers.get(subscriber)?.add(channel);
      subscriber.send(Buffer.from(subscribedMessage(channel)));
    }
    const sights = readSights(work, rows);
    const records = [...sights.values()].flatMap((sight) => [...sight.records.values()]);
    if (changes.length > 0) audience.user.portion.weigh(records.map(({ record }) => record));
    for (const change of changes) {
      const channel = this.#channels.get(change.channel);
      const sight = sights.get(change.channel);
      if (channel === undefined || sight === undefined) continue;
      const message = tidingsOf({ channel, change, sight, memory: audience.memory });
      if (message !== undefined) audience.tell(change.channel, message);
    }
  }

  #refuse(work: Work, answer: RefusedRead): void {
    const { audience, changes, joining } = work;
    const { farewell, isTrouble } = refusalOf(answer);
    if (isTrouble) this.#onTrouble({ kind: "read", role: audience.identity.role, because: answer.error.message });
    // Those who asked for another channel may be what was refused: the others are asked for again, without them.
    const end = farewell ?? { code: CLOSE.tryLater, reason: "the database did not answer" };
    for (const { subscriber } of joining) subscriber.close(end);
    if (answer.during === "query" && joining.length > 0) return;
    audience.place = work.next;
    if (farewell !== undefined) audience.dismiss(farewell);
    // It may work the next time. What has been skipped has to be read.
    else this.#resync(audience, [...new Set(changes.map(({ channel }) => channel))]);
  }

  #resync(audience: Audience, channels: readonly string[]): void {
    for (const channel of channels) audience.tell(channel, resyncMessage(channel));
  }

  /** Once for all that happens in one go: of a burst of changes each would wake everybody. */
  #wakeAll(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    setImmediate(() => {
      this.#isWaking = false;
      for (const audience of this.#audiences.values()) this.#makeReady(audience);
    });
  }

  #makeReady(audience: Audience): void {
    if (audience.subscribers.size === 0) return;
    audience.waitingSince ??= Date.now();
    audience.user.waiting.add(audience);
    this.#nextTurn(audience.user);
  }

  /** Puts a user in the line, at its end, who has something to wait for; forgets one who is gone. */
  #nextTurn(user: User): void {
    if (user.busyWith !== undefined) return;
    if (user.waiting.size > 0) {
      this.#ready.add(user);
      this.wakeReaders();
      return;
    }
    this.#ready.delete(user);
    if (user.sockets === 0 && this.#users.get(user.name) === user) this.#users.delete(user.name);
  }
}

function questionAbout(channel: KnownChannel, changes: readonly Change[], audience: Audience): Question {
  const own = changes.filter((change) => change.channel === channel.channel);
  const parents = own.flatMap((change) => parentOf(change, audience.memory) ?? []);
  return { channel, keys: own.map(({ key }) => key), parents: [...new Set(parents)] };
}

/** The rows of each query stand in the order of the questions; a question without parents has one query. */
function readSights({ questions }: Work, rows: Extract<ReadAnswer, { kind: "rows" }>["rows"]) {
  let at = 0;
  return new Map(
    questions.map(({ channel, parents }) => {
      const records = rows[at] ?? [];
      const seen = parents.length === 0 ? [] : (rows[at + 1] ?? []);
      at += parents.length === 0 ? 1 : 2;
      return [channel.channel, sightOf(records, seen)] as const;
    }),
  );
}
