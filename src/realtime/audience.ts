import type { Farewell } from "./protocol.ts";
import type { Portion } from "./portion.ts";
import { RowMemory } from "./row-memory.ts";

/** Who a token says somebody is. */
export interface Identity {
  readonly role: string;
  /** As JSON, the role among them. Whoever has other digits in a number, however far behind, is somebody else. */
  readonly claims: string;
  /** Those of the claims that say who somebody is, and nothing of the token: the same for all tokens of a user. */
  readonly user: string;
  /** Seconds since 1970: from then on the token is worth nothing. */
  readonly exp: number;
}

/** One socket, as far as it is told something. */
export interface Subscriber {
  /** Text, as UTF-8: the same bytes for everybody whom it is for, also while they wait to be sent. */
  send(message: Buffer): void;
  close(farewell: Farewell): void;
  /** Whether much of what it was sent still waits to be read; who is behind for too long is cut off here. */
  isBehind(): boolean;
}

/**
 * Everybody with the same claims: they see the same, so it is read for them once. Claims are the same when their text is:
 * tokens of one user that were issued at different times have an audience each.
 */
export class Audience {
  readonly identity: Identity;
  readonly user: User;
  readonly memory: RowMemory;
  /** The channels of each subscriber. */
  readonly subscribers = new Map<Subscriber, Set<string>>();
  /** Subscriptions that wait for the database to say that they are allowed. */
  joining: { readonly subscriber: Subscriber; readonly channel: string }[] = [];
  /** Up to where of the log they know everything. */
  place = 0;
  /** Whether they are to be checked although nothing happened. */
  isDue = false;
  /** Since when there may be something to tell them, in ms; undefined while there is nothing, and while they do not read. */
  waitingSince: number | undefined;

  constructor(identity: Identity, user: User, rowsRemembered: number) {
    this.identity = identity;
    this.user = user;
    this.memory = new RowMemory(rowsRemembered);
  }

  /** What any of them has subscribed to. */
  channels(): string[] {
    return [...new Set([...this.subscribers.values()].flatMap((channels) => [...channels]))].sort();
  }

  /** Sends to those of them who listen to a channel. */
  tell(channel: string, message: string): void {
    const bytes = Buffer.from(message);
    for (const [subscriber, channels] of this.subscribers) {
      if (channels.has(channel)) subscriber.send(bytes);
    }
  }

  /** Nothing more is read for them while one of them does not keep up: the log keeps it, and not each socket. */
  isBehind(): boolean {
    return [...this.subscribers.keys()].some((subscriber) => subscriber.isBehind());
  }

  dismiss(farewell: Farewell): void {
    for (const subscriber of [...this.subscribers.keys()]) subscriber.close(farewell);
  }
}

/** All audiences of one user, who may have any number of tokens: they share its turns and its sockets. */
export class User {
  readonly name: string;
  readonly portion: Portion;
  /** How many sockets its audiences have together. */
  sockets = 0;
  /** Those for whom there may be something to do, in the order in which it is their turn. */
  readonly waiting = new Set<Audience>();
  /** The one for whom a request is on its way. There is one at a time: whoever has many tokens has no more connections. */
  busyWith: Audience | undefined;

  constructor(name: string, portion: Portion) {
    this.name = name;
    this.portion = portion;
  }
}
