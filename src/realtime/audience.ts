import type { Farewell } from "./protocol.ts";
import { RowMemory } from "./row-memory.ts";

/** Who a token says somebody is. */
export interface Identity {
  readonly role: string;
  /** As JSON, the role among them. Whoever has other digits in a number, however far behind, is somebody else. */
  readonly claims: string;
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
  readonly memory: RowMemory;
  /** The channels of each subscriber. */
  readonly subscribers = new Map<Subscriber, Set<string>>();
  /** Subscriptions that wait for the database to say that they are allowed. */
  joining: { readonly subscriber: Subscriber; readonly channel: string }[] = [];
  /** Up to where of the log they know everything. */
  place = 0;
  /** Whether they are to be checked although nothing happened. */
  isDue = false;
  /** Whether a request is on its way for them. */
  isBusy = false;

  constructor(identity: Identity, rowsRemembered: number) {
    this.identity = identity;
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
