import { once } from "node:events";
import { connect as connectTcp, type Socket as TcpSocket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { useReferenceDatabase } from "../support/reference-database.ts";
import { openSocket, type Service, type Socket, startService, subscribe, told, tokenOf } from "./service.ts";

const db = useReferenceDatabase();

/** A connection below WebSocket. */
async function tcp(service: Service): Promise<{ socket: TcpSocket; received: () => string; closed: Promise<unknown> }> {
  const { hostname, port } = new URL(service.url);
  const socket = connectTcp({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  let received = "";
  socket.on("data", (data) => (received += data.toString("latin1")));
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "connect");
  return { socket, received: () => received, closed };
}

const HANDSHAKE = [
  "GET / HTTP/1.1",
  "Host: x",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
].join("\r\n");

test("who brings no token, or no subscription, is put out in time", async () => {
  const { user } = await db.users("user");
  const service = await startService(db, { joinMs: 300 });
  const [mute, idle, member] = [
    await openSocket(service),
    await openSocket(service, { protocols: ["tm-db", `bearer.${await tokenOf(user)}`] }),
    await subscribe(service, await tokenOf(user)),
  ];
  expect(await mute.closed).toEqual({ code: 4401, reason: "no token came in time" });
  expect(await idle.closed).toEqual({ code: 1008, reason: "no subscription came in time" });
  expect(member.socket.readyState).toBe(member.socket.OPEN);
});

test("a handshake that comes letter by letter, or not at all, is cut off", async () => {
  const service = await startService(db);
  const { socket, closed } = await tcp(service);
  const mute = await tcp(service);
  const startedAt = Date.now();
  const drip = setInterval(() => socket.write("X"), 200);
  socket.write(`${HANDSHAKE}\r\nX-Slow: `);
  await Promise.all([closed, mute.closed]);
  clearInterval(drip);
  expect(Date.now() - startedAt).toBeLessThan(8_000);
});

test("what is too big, no text, no message, too much, or out of turn ends its socket and no other", async () => {
  const { user } = await db.users("user");
  const service = await startService(db);
  const witness = await subscribe(service, await tokenOf(user));
  const attacks: Record<string, readonly [code: number, attack: (socket: Socket) => void]> = {
    "a huge message": [1009, ({ say }) => say({ type: "auth", token: "x".repeat(1_000_000) })],
    "a binary message": [1003, ({ socket }) => socket.send(Buffer.alloc(10))],
    "no JSON": [1008, ({ say }) => say("{")],
    "a JSON null": [1008, ({ say }) => say("null")],
    "a list": [1008, ({ say }) => say("[]")],
    "an unknown type": [1008, ({ say }) => say({ type: "query", sql: "select 1" })],
    "a prototype": [1008, ({ say }) => say('{"__proto__":{"type":"auth"},"type":"constructor"}')],
    "a token that is no text": [1008, ({ say }) => say({ type: "auth", token: { length: 1 } })],
    "a subscription without a token": [4401, ({ say }) => say({ type: "subscribe", channel: "task_changes" })],
    "a flood of messages": [
      1008,
      ({ say }) => {
        for (let count = 0; count < 100; count += 1) say({ type: "subscribe", channel: "task_changes" });
      },
    ],
    "a flood of pings": [
      1008,
      ({ socket }) => {
        for (let count = 0; count < 100; count += 1) socket.ping();
      },
    ],
    "a flood of pongs": [
      1008,
      ({ socket }) => {
        for (let count = 0; count < 100; count += 1) socket.pong();
      },
    ],
    "text that is no UTF-8": [1007, ({ socket }) => socket.send(Buffer.from([0xff, 0xfe]), { binary: false })],
  };
  for (const [what, [code, attack]] of Object.entries(attacks)) {
    const token = what.startsWith("a flood") ? [`bearer.${await tokenOf(user)}`] : [];
    const socket = await openSocket(service, { protocols: ["tm-db", ...token] });
    attack(socket);
    const closed = await socket.closed;
    expect([what, closed.code]).toEqual([what, code]);
    if (what.startsWith("a flood")) expect(closed.reason).toBe("too many messages");
  }
  const twice = await subscribe(service, await tokenOf(user));
  twice.say({ type: "auth", token: await tokenOf(user) });
  expect(await twice.closed).toMatchObject({ code: 1008 });
  const lost = await openSocket(service, { protocols: ["tm-db", `bearer.${await tokenOf(user)}`] });
  lost.say({ type: "subscribe", channel: "task_changes; drop table" });
  expect(await lost.closed).toEqual({ code: 4404, reason: "there is no such channel" });
  const id = await db.task(await db.project(user));
  await witness.got((message) => message.id === id);
  expect(service.events.filter(({ kind }) => kind === "realtime-trouble")).toEqual([]);
});

test("frames that break the protocol end their connection", async () => {
  const service = await startService(db);
  // Unmasked; reserved bits; a control frame that is too long; an opcode that does not exist; a length of 2^63.
  const frames = ["810568656c6c6f", "f18000000000", "89fe0100", "838000000000", "81ff8000000000000000"];
  for (const frame of frames) {
    const { socket, closed, received } = await tcp(service);
    socket.write(`${HANDSHAKE}\r\n\r\n`);
    await expect.poll(received).toContain("101 Switching Protocols");
    socket.write(Buffer.from(frame, "hex"));
    await closed;
  }
});

test("there is room for so many sockets, newcomers and sockets of one user, and again when one leaves", async () => {
  const { user, other } = await db.users("user", "other");
  const small = await startService(db, { sockets: 3, newcomers: 2, socketsPerUser: 2 });
  const [token = "", ...tokens] = await Promise.all(["a", "b", "c"].map(async (jti) => await tokenOf(user, { jti })));
  const [first] = [await subscribe(small, token), await subscribe(small, tokens[0] ?? "")];
  const third = await openSocket(small);
  third.say({ type: "auth", token: tokens[1] });
  expect(await third.closed).toMatchObject({ code: 1013 });
  await subscribe(small, await tokenOf(other));
  await expect(openSocket(small)).rejects.toThrow("503");
  first.socket.close();
  await first.closed;
  await expect
    .poll(
      async () =>
        await openSocket(small).then(
          () => "in",
          () => "out",
        ),
    )
    .toBe("in");

  const shy = await startService(db, { newcomers: 2 });
  await Promise.all([openSocket(shy), openSocket(shy)]);
  await expect(openSocket(shy)).rejects.toThrow("503");
});

test("pages of this machine may connect, others only where they are named", async () => {
  const service = await startService(db);
  const from = async (origin: string): Promise<string> =>
    await openSocket(service, { headers: { origin } }).then(
      () => "in",
      (error: unknown) => String(error),
    );
  for (const origin of ["http://localhost:5173", "https://127.0.0.1", "http://[::1]:3000"]) {
    expect([origin, await from(origin)]).toEqual([origin, "in"]);
  }
  const strangers = [
    "https://evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example:80",
    "null",
    "http://localhost@evil.example",
  ];
  for (const origin of strangers)
    expect([origin, await from(origin)]).toEqual([origin, expect.stringContaining("403")]);
});

/** So much that the two kernels do not keep all of it for a connection. */
async function fillProject(project: number, rows: number): Promise<void> {
  await db.rows(
    "insert into api.tasks (title, description, project_id) select 'T', $2, $1 from generate_series(1, $3)",
    [project, "x".repeat(9_000), rows],
  );
}

test.each([
  // Any time is too long: whoever has all rows already would otherwise let the slow one read on before it has passed.
  ["has been behind for too long", { unreadBytes: 100_000, unreadMs: 0, unreadMostBytes: 1e9 }],
  ["was sent too much at once", { unreadBytes: 1e9, unreadMostBytes: 300_000 }],
])("a client that does not read, and %s, is cut off and holds up nobody", async (_, limits) => {
  const { user, other } = await db.users("user", "other");
  const project = await db.project(user, { viewer: [other] });
  const service = await startService(db, limits);
  const reading = await subscribe(service, await tokenOf(user));
  const slow = await subscribe(service, await tokenOf(other));
  slow.socket.pause();
  const rows = 2_000;
  await fillProject(project, rows);
  await expect.poll(() => told(reading).length, { timeout: 15_000 }).toBe(rows);
  const last = await db.task(project);
  await reading.got(({ id }) => id === last);
  // Whoever reads on is told why, or finds the connection cut.
  await expect.poll(() => slow.socket.resume() ?? slow.socket.readyState, { timeout: 10_000 }).toBe(slow.socket.CLOSED);
  expect([1006, 1013]).toContain((await slow.closed).code);
  expect(told(slow).length).toBeLessThan(rows);
});

test("a client that pauses is waited for, and misses nothing", async () => {
  const { user, other } = await db.users("user", "other");
  const project = await db.project(user, { viewer: [other] });
  const limits = { unreadBytes: 50_000, unreadMostBytes: 300_000, unreadMs: 15_000, keysAtOnce: 10 };
  const service = await startService(db, limits);
  const reading = await subscribe(service, await tokenOf(user));
  const slow = await subscribe(service, await tokenOf(other));
  slow.socket.pause();
  const rows = 2_000;
  await fillProject(project, rows);
  await expect.poll(() => told(reading).length, { timeout: 15_000 }).toBe(rows);
  expect(told(slow).length).toBeLessThan(rows);
  slow.socket.resume();
  await expect.poll(() => told(slow).length, { timeout: 15_000 }).toBe(rows);
  expect(new Set(told(slow).map(([, id]) => id)).size).toBe(rows);
  expect(slow.messages.some(({ type }) => type === "resync")).toBe(false);
});

test("a user with many tokens and large records holds up nobody", async () => {
  const { user, other } = await db.users("user", "other");
  const [project, own] = [await db.project(user), await db.project(other)];
  const service = await startService(db);
  const many: Socket[] = [];
  for (let jti = 0; jti < 30; jti += 1) many.push(await subscribe(service, await tokenOf(user, { jti: String(jti) })));
  const one = await subscribe(service, await tokenOf(other));
  const rows = 300;
  await fillProject(project, rows);
  const id = await db.task(own);
  await one.got((message) => message.id === id);
  const toldOf = (): number => many.reduce((sum, socket) => sum + told(socket).length, 0);
  expect(toldOf()).toBeLessThan((many.length * rows) / 3);
  // The control: it is not that the others are told of nothing.
  await expect.poll(toldOf, { timeout: 15_000 }).toBe(many.length * rows);
  expect([one, ...many].flatMap(({ messages }) => messages.filter(({ type }) => type === "resync"))).toEqual([]);
});

async function health(service: Service): Promise<number> {
  return (await fetch(`${service.url.replace("ws:", "http:")}/health`)).status;
}

test("a socket whose client is gone without a word is let go", async () => {
  const { user } = await db.users("user");
  const service = await startService(db, { pingEveryMs: 150, sockets: 2 });
  const token = await tokenOf(user);
  const dead = await openSocket(service, { autoPong: false, protocols: ["tm-db", `bearer.${token}`] });
  dead.say({ type: "subscribe", channel: "task_changes" });
  const living = await subscribe(service, token);
  expect(await dead.closed).toMatchObject({ code: 1006 });
  expect(living.socket.readyState).toBe(living.socket.OPEN);
  await openSocket(service);
});

test("plain HTTP is told what this is, and whether the database is there", async () => {
  const service = await startService(db);
  const http = service.url.replace("ws:", "http:");
  expect((await fetch(http)).status).toBe(426);
  expect((await fetch(`${http}/health`, { method: "POST" })).status).toBe(426);
  expect(await health(service)).toBe(200);
});
