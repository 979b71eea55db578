import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Identity, Subscriber } from "../../../src/realtime/audience.ts";
import { Hub, type Work } from "../../../src/realtime/hub.ts";
import { DEFAULT_LIMITS, type RealtimeLimits } from "../../../src/realtime/limits.ts";
import { CHANNEL } from "./channel.ts";

function hubWith(limits: Partial<RealtimeLimits> = {}): Hub {
  const onTrouble = (trouble: unknown): void => expect.unreachable(JSON.stringify(trouble));
  return new Hub({ channels: [CHANNEL], limits: { ...DEFAULT_LIMITS, readers: 1, ...limits }, onTrouble });
}

function identity(user: string, token = "1"): Identity {
  return { role: "api_user", user, claims: `${user} ${token}`, exp: 1e10 };
}

interface Told extends Subscriber {
  /** The type of each message, and the id if it has one. */
  readonly told: string[];
}

function subscriber(): Told {
  const told: string[] = [];
  return {
    told,
    send: (message) => {
      const { type, id } = JSON.parse(message.toString()) as { readonly type: string; readonly id?: number };
      told.push(id === undefined ? type : `${type} ${id}`);
    },
    close: ({ reason }) => void told.push(reason),
    isBehind: () => false,
  };
}

/** Answers what was asked: each record is there, and of that size. */
function answer(hub: Hub, work: Work, bytes = 20): void {
  const rows = work.questions.map(({ keys }) =>
    keys.map((key) => [key, JSON.stringify("x".repeat(bytes - 2)), null] as const),
  );
  hub.settle(work, { kind: "rows", rows });
}

function answerAll(hub: Hub, bytes?: number): void {
  for (let taken = hub.takeWork(); taken.length > 0; taken = hub.takeWork())
    for (const work of taken) answer(hub, work, bytes);
}

/** Somebody who has subscribed. */
function join(hub: Hub, user: string, token?: string): Told {
  const joining = subscriber();
  const audience = hub.join(identity(user, token), joining);
  if ("code" in audience) joining.close(audience);
  else hub.subscribe(audience, joining, "c");
  answerAll(hub);
  return joining;
}

let lastKey = 0;

async function change(hub: Hub, count = 1): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    lastKey += 1;
    hub.notified("c", JSON.stringify({ operation: "INSERT", id: lastKey }));
  }
  await new Promise((resolve) => setImmediate(resolve));
}

const usersOf = (taken: readonly Work[]): string[] => taken.map(({ audience }) => audience.user.name).sort();

describe("turns", () => {
  test("go by user: whoever has many tokens has one like everybody else", async () => {
    const hub = hubWith();
    for (let token = 0; token < 20; token += 1) join(hub, "many", String(token));
    const one = join(hub, "one");
    await change(hub);
    const first = hub.takeWork();
    expect(usersOf(first)).toEqual(["many", "one"]);
    // While that is on its way, nothing else is for the same users.
    expect(hub.takeWork()).toEqual([]);
    for (const work of first) answer(hub, work);
    expect(one.told).toEqual(["subscribed", `change ${lastKey}`]);
    await change(hub);
    const second = hub.takeWork();
    expect(usersOf(second)).toEqual(["many", "one"]);
    for (const work of second) answer(hub, work);
  });

  test("come to each token of a user, and each is told of everything", async () => {
    const hub = hubWith();
    const sockets = Array.from({ length: 20 }, (_, token) => join(hub, "many", String(token)));
    await change(hub, 2);
    answerAll(hub);
    for (const { told } of sockets) expect(told).toEqual(["subscribed", `change ${lastKey - 1}`, `change ${lastKey}`]);
  });

  test("are given back with a connection that was lost, and when their sockets leave in the meantime", async () => {
    const hub = hubWith();
    const [stays, leaves] = [join(hub, "stays"), subscriber()];
    const audience = hub.join(identity("leaves"), leaves);
    if ("code" in audience) throw new Error("no room");
    hub.subscribe(audience, leaves, "c");
    answerAll(hub);
    await change(hub);
    const taken = hub.takeWork();
    hub.leave(audience, leaves);
    for (const work of taken) hub.giveBack(work);
    answerAll(hub);
    expect(leaves.told).toEqual(["subscribed"]);
    expect(stays.told).toEqual(["subscribed", `change ${lastKey}`]);
    expect(join(hub, "leaves").told).toEqual(["subscribed"]);
  });
});

describe("what is read in one turn", () => {
  /** How many records are read in each turn of the only one for whom there is something. */
  function turns(hub: Hub, bytes: number): number[] {
    const sizes: number[] = [];
    for (let [work] = hub.takeWork(); work !== undefined; [work] = hub.takeWork()) {
      if (work.changes.length > 0) sizes.push(work.changes.length);
      answer(hub, work, bytes);
    }
    return sizes;
  }

  test("is limited in bytes: large records are few at once, and small ones many again", async () => {
    const hub = hubWith({ turnBytes: 100_000, keysAtOnce: 100 });
    join(hub, "user");
    await change(hub, 200);
    const [first, ...others] = turns(hub, 30_000);
    // Of which nothing is known yet.
    expect(first).toBe(8);
    expect(Math.max(...others)).toBe(2);
    await change(hub, 1);
    turns(hub, 1_000_000);
    await change(hub, 2);
    expect(turns(hub, 100)).toEqual([1, 1]);
    await change(hub, 1_000);
    const small = turns(hub, 100);
    expect(small.reduce((sum, size) => sum + size)).toBe(1_000);
    expect(Math.max(...small)).toBe(100);
  });

  test("counts for each socket that is told, and is known of a user, whatever their token", async () => {
    const hub = hubWith({ turnBytes: 100_000, keysAtOnce: 100 });
    for (let socket = 0; socket < 10; socket += 1) join(hub, "user");
    await change(hub, 50);
    expect(Math.max(...turns(hub, 5_000))).toBe(2);
    join(hub, "user", "another token");
    await change(hub, 50);
    expect(Math.max(...turns(hub, 5_000))).toBe(16);
  });
});

test("so many sockets may be of one user, with whatever tokens, and again when one leaves", () => {
  const hub = hubWith({ socketsPerUser: 2 });
  const first = subscriber();
  const audience = hub.join(identity("user", "1"), first);
  expect(join(hub, "user", "2").told).toEqual(["subscribed"]);
  expect(join(hub, "user", "3").told).toEqual(["too many sockets of this user"]);
  expect(join(hub, "other", "1").told).toEqual(["subscribed"]);
  if ("code" in audience) throw new Error("no room");
  hub.leave(audience, first);
  expect(join(hub, "user", "3").told).toEqual(["subscribed"]);
});

describe("who waits too long", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
  afterEach(() => void vi.useRealTimers());
  const pass = (ms: number): void => void vi.setSystemTime(Date.now() + ms);

  test("is told to read again, once, and not of what happened in the meantime, but of what comes", async () => {
    const hub = hubWith({ waitMs: 1_000 });
    const socket = join(hub, "user");
    await change(hub, 3);
    pass(999);
    hub.resyncLate();
    expect(socket.told).toEqual(["subscribed"]);
    pass(1);
    hub.resyncLate();
    pass(5_000);
    hub.resyncLate();
    expect(socket.told).toEqual(["subscribed", "resync"]);
    await change(hub);
    answerAll(hub);
    expect(socket.told).toEqual(["subscribed", "resync", `change ${lastKey}`]);
  });

  test("for an answer that is on its way is told so too, and then what it says", async () => {
    const hub = hubWith({ waitMs: 1_000 });
    const socket = join(hub, "user");
    await change(hub);
    const [work] = hub.takeWork();
    await change(hub);
    pass(1_000);
    hub.resyncLate();
    if (work !== undefined) answer(hub, work);
    answerAll(hub);
    expect(socket.told).toEqual(["subscribed", "resync", `change ${lastKey - 1}`, `change ${lastKey}`]);
  });

  test("is nobody for whom there is nothing, or whose turn has come", async () => {
    const hub = hubWith({ waitMs: 1_000 });
    const [told, later] = [join(hub, "told"), join(hub, "later")];
    await change(hub);
    answerAll(hub);
    pass(60_000);
    hub.resyncLate();
    hub.recheck();
    pass(60_000);
    hub.resyncLate();
    expect([told, later].map((socket) => socket.told)).toEqual(Array(2).fill(["subscribed", `change ${lastKey}`]));
  });
});
