import type { ReadAnswer } from "../db/read-as.ts";
import { Audience, type Identity, type Subscriber } from "./audience.ts";
import { type Change, type KnownChannel, parseChange } from "./change.ts";
import { ChangeLog } from "./change-log.ts";
import type { RealtimeLimits } from "./limits.ts";
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
  /** Those for whom there may be something to do, in the order in which it is their turn. */
  readonly #ready = new Set<Audience>();
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
    const audience = this.#audiences.get(identity.claims) ?? new Audience(identity, this.#limits.rowsRemembered);
    if (audience.subscribers.size >= this.#limits.socketsPerToken) {
      return { code: CLOSE.tryLater, reason: "too many sockets with this token" };
    }
    this.#audiences.set(identity.claims, audience);
    audience.subscribers.set(subscriber, new Set());
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
    audience.subscribers.delete(subscriber);
    audience.joining = audience.joining.filter((waiting) => waiting.subscriber !== subscriber);
    if (audience.subscribers.size > 0) return;
    this.#ready.delete(audience);
    const { claims } = audience.identity;
    if (this.#audiences.get(claims) === audience) this.#audiences.delete(claims);
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

  /** The requests of the users whose turn it is: their share for one of all readers. */
  takeWork(): Work[] {
    const share = Math.ceil(this.#ready.size / this.#limits.readers);
    const taken: Work[] = [];
    for (const audience of this.#ready) {
      if (taken.length >= Math.min(share, this.#limits.requestsAtOnce)) break;
      this.#ready.delete(audience);
      if (audience.isBehind()) {
        this.#waitFor(audience);
        continue;
      }
      const work = this.#workFor(audience);
      if (work === undefined) continue;
      audience.isBusy = true;
      taken.push(work);
    }
    return taken;
  }

  /** Work that could not be done, since a connection was lost; it is done by whoever comes next. */
  giveBack({ audience, joining }: Work): void {
    audience.isBusy = false;
    audience.joining = [
      ...joining.filter(({ subscriber }) => audience.subscribers.has(subscriber)),
      ...audience.joining,
    ];
    this.#makeReady(audience);
  }

  /** The answer of the database: everybody whom it is for is told. */
  settle(work: Work, answer: ReadAnswer | RefusedRead): void {
    const { audience } = work;
    audience.isBusy = false;
    if (answer.kind === "refused") this.#refuse(work, answer);
    else {
      audience.place = work.next;
      this.#tell(work, answer.rows);
    }
    if (audience.joining.length > 0 || audience.place < this.#log.end) this.#makeReady(audience);
  }

  /** They are looked at again in a moment. */
  #waitFor(audience: Audience): void {
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
    const slice = this.#log.read(audience.place, subscribed, this.#limits.keysAtOnce);
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
    if (audience.isBusy || audience.subscribers.size === 0) return;
    this.#ready.add(audience);
    this.wakeReaders();
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
