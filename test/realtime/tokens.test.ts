import { describe, expect, inject, onTestFinished, test } from "vitest";
import { withClient } from "../../src/db/client.ts";
import { claiming, useReferenceDatabase } from "../support/reference-database.ts";
import {
  inSeconds,
  openSocket,
  type Service,
  sign,
  signText,
  startService,
  subscribe,
  told,
  tokenOf,
} from "./service.ts";

const db = useReferenceDatabase();

/** How a socket ends that offers this token. */
async function endWith(service: Service, token: string): Promise<{ code: number; reason: string }> {
  const socket = await openSocket(service);
  socket.say({ type: "auth", token });
  socket.say({ type: "subscribe", channel: "task_changes" });
  return await socket.closed;
}

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a token", () => {
  test("of the database itself is accepted, in the first message, as a subprotocol and in Authorization", async () => {
    const { user } = await db.users("user");
    const service = await startService(db);
    const token = await db.value<string>("select (auth.issue_token($1)).token", [user.id]);
    const offers = [
      { protocols: ["tm-db", `bearer.${token}`] },
      { headers: { authorization: `Bearer ${token}` } },
      { protocols: ["tm-db"] },
    ];
    for (const offer of offers) {
      const socket = await openSocket(service, offer);
      if (offer.protocols?.length === 1) socket.say({ type: "auth", token });
      expect(socket.socket.protocol).toBe(offer.protocols === undefined ? "" : "tm-db");
      socket.say({ type: "subscribe", channel: "task_changes" });
      expect(await socket.got(({ type }) => type === "subscribed")).toEqual({
        type: "subscribed",
        channel: "task_changes",
      });
      expect(socket.messages[0]).toMatchObject({ type: "authenticated", exp: expect.any(Number) });
    }
  });

  test("in the address is refused, since addresses are logged", async () => {
    const { user } = await db.users("user");
    const service = await startService(db);
    const token = await tokenOf(user);
    await expect(openSocket(service, { path: `/?token=${token}` })).rejects.toThrow("400");
    await expect(openSocket(service, { path: `/x?a=1&access_token=${token}` })).rejects.toThrow("400");
    await openSocket(service, { path: "/realtime?page=1" });
  });

  test("that is wrong in any way ends the socket with 4401, and a right one does not", async () => {
    const { user } = await db.users("user");
    const service = await startService(db);
    const claims = { role: "api_user", ...user.claims, exp: inSeconds(600) };
    const good = await sign(claims);
    const [header = "", body = "", signature = ""] = good.split(".");
    const forged = base64url({ ...claims, user_id: 1 });
    const none = base64url({ alg: "none", typ: "JWT" });
    const wrong: Record<string, string> = {
      "another secret": await sign(claims, "x".repeat(48)),
      "other claims": `${header}.${forged}.${signature}`,
      "alg none": `${none}.${body}.`,
      "alg none, with a signature": `${none}.${body}.${signature}`,
      "alg None": `${base64url({ alg: "None" })}.${body}.`,
      "another alg": await sign(claims, inject("server").jwtSecret, "HS512"),
      expired: await sign({ ...claims, exp: inSeconds(-1) }),
      "expired long ago": await sign({ ...claims, exp: 1 }),
      "no exp": await sign({ role: "api_user", ...user.claims, exp: undefined }),
      "exp a text": await sign({ ...claims, exp: "tomorrow" }),
      "not yet": await sign({ ...claims, nbf: inSeconds(600) }),
      "role a number": await sign({ ...claims, role: 7 }),
      "role empty": await sign({ ...claims, role: "" }),
      "role with a character that PostgreSQL takes in no text": await sign({ ...claims, role: "api_user\u0000x" }),
      "role with a control character": await sign({ ...claims, role: "api_user\n" }),
      empty: "",
      text: "abc",
      dots: "..",
      "a list": `${header}.${base64url([])}.${signature}`,
    };
    for (const [what, token] of Object.entries(wrong)) {
      const { code, reason } = await endWith(service, token);
      expect([what, code]).toEqual([what, 4401]);
      expect(reason).not.toContain(token === "" ? "\n" : token);
    }
    await subscribe(service, good);
    expect(service.events.filter(({ kind }) => kind === "realtime-trouble")).toEqual([]);
  });

  test("of a role that row-level security does not bind, or that is none, ends the socket with 4403", async () => {
    const { user } = await db.users("user");
    const service = await startService(db);
    const { owner, superuser } = inject("server");
    for (const role of [owner.user, superuser.user, "authenticator", "pg_read_all_data", "nobody", 'api_user"; --']) {
      const { code } = await endWith(service, await sign({ ...user.claims, role, exp: inSeconds(600) }));
      expect([role, code]).toEqual([role, 4403]);
    }
    await subscribe(service, await tokenOf(user));
  });

  test("of a role that the authenticator may become, and that no policy binds, ends the socket with 4403 too", async () => {
    const { user } = await db.users("user");
    const service = await startService(db);
    const superuser = await db.connect("superuser");
    await superuser.query("create role realtime_unbound nologin bypassrls in role api_user");
    onTestFinished(async () => void (await superuser.query("drop role realtime_unbound")));
    await superuser.query("grant realtime_unbound to authenticator");
    const token = await sign({ ...user.claims, role: "realtime_unbound", exp: inSeconds(600) });
    expect(await endWith(service, token)).toEqual({ code: 4403, reason: "the role of this token may not be used" });
    // The control: it is that property which is refused.
    await superuser.query("alter role realtime_unbound nobypassrls");
    await subscribe(await startService(db), token);
  });

  test("of a role about which the database does not answer ends its own socket, and is asked about again", async () => {
    const { user } = await db.users("user");
    const service = await startService(db, { readers: 1 });
    const member = await subscribe(service, await tokenOf(user));
    const superuser = await db.connect("superuser");
    await superuser.query("create role realtime_unasked nologin in role api_user");
    const allow = async (): Promise<unknown> => await superuser.query("grant select on pg_catalog.pg_roles to public");
    onTestFinished(async () => {
      await allow();
      await superuser.query("drop role realtime_unasked");
    });
    await superuser.query("grant realtime_unasked to authenticator");
    const token = await sign({ ...user.claims, role: "realtime_unasked", exp: inSeconds(600) });
    await superuser.query("revoke select on pg_catalog.pg_roles from public");
    expect(await endWith(service, token)).toEqual({ code: 1011, reason: "the record cannot be read" });
    const id = await db.task(await db.project(user));
    await member.got((message) => message.id === id);
    expect(service.events.find(({ kind }) => kind === "realtime-trouble")).toMatchObject({
      about: "a request as realtime_unasked failed",
    });
    // The control: it is that question which failed, and it is put again at once.
    await allow();
    await subscribe(service, token);
  });

  test("whose user is no number is nobody's: it subscribes, and sees nothing", async () => {
    const { user } = await db.users("user");
    const service = await startService(db);
    const member = await subscribe(service, await tokenOf(user));
    const project = await db.project(user);
    const nobodies = await Promise.all(
      ["abc", "1; drop", -1, null, [user.id], { id: user.id }, "9".repeat(40), `${user.id} `].map(
        async (id) => await subscribe(service, await tokenOf(claiming(id))),
      ),
    );
    const id = await db.task(project);
    await member.got((message) => message.id === id);
    // Their requests were on their way before the next one of the member was.
    const last = await db.task(project);
    await member.got((message) => message.id === last);
    expect(nobodies.map((socket) => socket.messages.map(({ type }) => type))).toEqual(
      nobodies.map(() => ["authenticated", "subscribed"]),
    );
  });

  test("whose user has a number that JavaScript rounds is that user's, and not their neighbour's", async () => {
    // Of these JavaScript makes one.
    const numbers = ["9007199254740992", "9007199254740993"];
    const projects: number[] = [];
    for (const id of numbers) {
      await db.rows(
        "insert into api.users (id, email, name) overriding system value values ($1, $2 || '@example.com', 'Large')",
        [id, id],
      );
      await db.rows("insert into auth.credentials (user_id, password_hash) values ($1, '*')", [id]);
      projects.push(
        await db.value<number>("insert into api.projects (name, owner_id) values ('Own', $1) returning id", [id]),
      );
    }
    const service = await startService(db);
    const sockets = await Promise.all(
      numbers.map(
        async (id) =>
          await subscribe(service, await signText(`{"role":"api_user","exp":${inSeconds(600)},"user_id":${id}}`)),
      ),
    );
    const tasks = async (): Promise<number[]> => {
      const made: number[] = [];
      for (const project of projects) made.push(await db.task(project));
      return made;
    };
    const own = await tasks();
    await Promise.all(sockets.map(async (socket, at) => await socket.got(({ id }) => id === own[at])));
    // What the other one was told before has come by then.
    const last = await tasks();
    await Promise.all(sockets.map(async (socket, at) => await socket.got(({ id }) => id === last[at])));
    expect(sockets.map((socket) => told(socket).map(([, id]) => id))).toEqual(own.map((id, at) => [id, last[at]]));
  });

  test("of a user who is gone, or who has changed the password since, ends the socket with 4401", async () => {
    const { gone, changed } = await db.users("gone", "changed");
    const service = await startService(db);
    await db.rows("delete from api.users where id = $1", [gone.id]);
    expect(await endWith(service, await tokenOf(gone))).toEqual({
      code: 4401,
      reason: "the token is not valid any more",
    });
    const token = await tokenOf(changed);
    await subscribe(service, token);
    await db.rows("update auth.credentials set tokens_since = extract(epoch from now()) + 3600 where user_id = $1", [
      changed.id,
    ]);
    expect(await endWith(service, token)).toMatchObject({ code: 4401 });
  });

  test("ends the sockets that have it: at the next change, or within the time of a check if nothing happens", async () => {
    const { owner, other } = await db.users("owner", "other");
    const project = await db.project(owner, { viewer: [other] });
    const busy = await startService(db, { recheckEveryMs: 600_000 });
    const idle = await startService(db, { recheckEveryMs: 100 });
    const [atChange, atCheck, control] = [
      await subscribe(busy, await tokenOf(other)),
      await subscribe(idle, await tokenOf(other)),
      await subscribe(idle, await tokenOf(owner)),
    ];
    await db.rows("update auth.credentials set tokens_since = extract(epoch from now()) + 3600 where user_id = $1", [
      other.id,
    ]);
    expect(await atCheck.closed).toMatchObject({ code: 4401 });
    const id = await db.task(project);
    expect(await atChange.closed).toMatchObject({ code: 4401 });
    await control.got((message) => message.id === id);
    expect(told(atChange)).toEqual([]);
  });

  test("ends the sockets that are open when the secret that signed it is withdrawn, and no other", async () => {
    const { user } = await db.users("user");
    const before = "before".repeat(8);
    await db.rows(
      "update auth.secrets set previous_secret = $1, previous_until = clock_timestamp() + interval '1 hour'",
      [before],
    );
    const service = await startService(db, { recheckEveryMs: 100 });
    const claims = { role: "api_user", ...user.claims, exp: inSeconds(600) };
    const ofBefore = await subscribe(service, await sign(claims, before));
    const ofNow = await subscribe(service, await sign(claims));
    await db.rows("update auth.secrets set previous_secret = null, previous_until = null");
    expect(await ofBefore.closed).toMatchObject({ code: 4401 });
    const project = await db.project(user);
    const id = await db.task(project);
    await ofNow.got((message) => message.id === id);
  });

  test("ends its socket when it expires, to the second", async () => {
    const { user } = await db.users("user");
    const service = await startService(db);
    const exp = inSeconds(1.2);
    const [short, long] = [
      await subscribe(service, await tokenOf(user, { exp })),
      await subscribe(service, await tokenOf(user)),
    ];
    expect(await short.closed).toEqual({ code: 4401, reason: "the token has expired" });
    expect(Math.abs(Date.now() / 1000 - exp)).toBeLessThan(0.5);
    expect(long.socket.readyState).toBe(long.socket.OPEN);
  });

  test("may end later than any timer", async () => {
    const { user } = await db.users("user");
    const service = await startService(db);
    const socket = await subscribe(service, await tokenOf(user, { exp: 1e15 }));
    const id = await db.task(await db.project(user));
    await socket.got((message) => message.id === id);
  });
});

test("the service lives on the authenticator's rights alone, with the secret from the environment", async () => {
  const { user } = await db.users("user");
  const { owner, authenticatorPassword, jwtSecret } = inject("server");
  const address = { ...owner, user: "authenticator", password: authenticatorPassword, database: db.name };
  const { connectionUrl } = await import("../../src/core/connection-spec.ts");
  const service = await startService(
    db,
    {},
    { databaseUrl: connectionUrl(address), env: { TM_DB_JWT_SECRET: jwtSecret } },
  );
  const socket = await subscribe(service, await tokenOf(user));
  const id = await db.task(await db.project(user));
  await socket.got((message) => message.id === id);
  const logins = await withClient({ ...owner, database: db.name }, {}, async (client) => {
    const { rows } = await client.query<{ usename: string }>(
      "select distinct usename from pg_stat_activity where application_name like 'tm-db realtime%'",
    );
    return rows.map(({ usename }) => usename);
  });
  expect(logins).toEqual(["authenticator"]);
});
