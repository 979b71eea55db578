import { expect, test } from "vitest";
import { TmDbError } from "../../src/core/errors.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";
import { startService, subscribe, told, tokenOf } from "./service.ts";

const db = useReferenceDatabase();

/** The processes of the server for the connection of the service that listens, or for those that read. */
async function serving(which: "listener" | "readers"): Promise<number[]> {
  const superuser = await db.connect("superuser");
  const { rows } = await superuser.query<{ pid: number }>(
    "select pid from pg_stat_activity where application_name = $1 and datname = current_database()",
    [which === "listener" ? "tm-db realtime" : "tm-db realtime reader"],
  );
  return rows.map(({ pid }) => pid);
}

async function cut(pids: readonly number[]): Promise<void> {
  await (await db.connect("superuser")).query("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [pids]);
}

test("when messages may have been lost, everybody is told to read again, and then hears of what comes", async () => {
  const { user, other } = await db.users("user", "other");
  const project = await db.project(user);
  const service = await startService(db);
  const sockets = [await subscribe(service, await tokenOf(user)), await subscribe(service, await tokenOf(other))];
  const listening = await serving("listener");
  expect(listening).toHaveLength(1);
  await cut(listening);
  const missed = await db.task(project);
  await Promise.all(sockets.map(async (socket) => await socket.got(({ type }) => type === "resync")));
  expect(sockets.map(({ messages }) => messages.filter(({ type }) => type === "resync"))).toEqual(
    sockets.map(() => [{ type: "resync", channel: "task_changes" }]),
  );
  const id = await db.task(project);
  const [own] = sockets;
  await own?.got((message) => message.id === id);
  // What was committed in between may or may not be told; that it may not is what `resync` is for.
  expect(own === undefined ? [] : told(own).filter(([, told]) => told !== missed)).toEqual([["INSERT", id]]);
  expect(service.events.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["serving", "listening", "listening-lost"]),
  );
});

test("when connections that read are lost, nothing is: what was not answered is asked again", async () => {
  const { user } = await db.users("user");
  const project = await db.project(user);
  const service = await startService(db, { readers: 2 });
  const socket = await subscribe(service, await tokenOf(user));
  const ids: number[] = [];
  const gone: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    // Those of the round before may still be on their way out.
    const fresh = async (): Promise<number[]> => (await serving("readers")).filter((pid) => !gone.includes(pid));
    await expect.poll(fresh, { timeout: 10_000 }).toHaveLength(2);
    const readers = await fresh();
    await cut(readers);
    gone.push(...readers);
    ids.push(await db.task(project), await db.task(project));
  }
  for (const id of ids) await socket.got((message) => message.id === id);
  expect(told(socket).map(([, id]) => id)).toEqual(ids);
  expect(socket.messages.filter(({ type }) => type === "resync")).toEqual([]);
});

test("who is further behind than the changes that are kept is told to read again", async () => {
  const { user } = await db.users("user");
  const project = await db.project(user);
  const service = await startService(db, { changesKept: 50, keysAtOnce: 10 });
  const socket = await subscribe(service, await tokenOf(user));
  await db.rows("insert into api.tasks (title, project_id) select 'T', $1 from generate_series(1, 500)", [project]);
  await socket.got(({ type }) => type === "resync");
  const id = await db.task(project);
  await socket.got((message) => message.id === id);
});

/** Has requests as this user wait while a task of the project is called Slow. */
async function slowDown(user: { readonly id: number }, project: number): Promise<void> {
  await db.rows(
    `create or replace function auth.pre_request() returns void language plpgsql as $$
     begin
       if auth.user_id() = ${user.id} and current_setting('application_name') = 'tm-db realtime reader'
         and exists (select from api.tasks where project_id = ${project} and title = 'Slow') then
         perform pg_sleep(10);
       end if;
     end $$`,
  );
}

test("a request that takes too long has its user read again, and holds up nobody", async () => {
  const { user, slow } = await db.users("user", "slow");
  const project = await db.project(user, { viewer: [slow] });
  await slowDown(slow, project);
  const service = await startService(db, { statementMs: 300, readers: 2 });
  const [quick, late] = [await subscribe(service, await tokenOf(user)), await subscribe(service, await tokenOf(slow))];
  const startedAt = Date.now();
  const id = await db.task(project, { title: "Slow" });
  await quick.got((message) => message.id === id);
  expect(Date.now() - startedAt).toBeLessThan(290);
  await late.got(({ type }) => type === "resync");
  await db.rows("update api.tasks set title = 'Quick' where id = $1", [id]);
  expect(await late.got((message) => message.id === id)).toMatchObject({ record: { title: "Quick" } });
  expect(service.events.find(({ kind }) => kind === "realtime-trouble")).toMatchObject({
    about: "a request as api_user failed",
  });
});

test("who waits too long for others is told to read again, and then hears of what comes", async () => {
  const { user, slow } = await db.users("user", "slow");
  const project = await db.project(user, { viewer: [slow] });
  await slowDown(slow, project);
  const service = await startService(db, { statementMs: 3_000, readers: 1, waitMs: 300 });
  const quick = await subscribe(service, await tokenOf(user));
  await subscribe(service, await tokenOf(slow));
  const first = await db.task(project, { title: "Slow" });
  const superuser = await db.connect("superuser");
  const sleeping = `select from pg_stat_activity
    where application_name = 'tm-db realtime reader' and datname = current_database() and wait_event = 'PgSleep'`;
  await expect.poll(async () => (await superuser.query(sleeping)).rowCount).toBe(1);
  // Whoever of the two was first in line: this has to wait.
  await db.task(project);
  await quick.got(({ type }) => type === "resync");
  // The slow request is still on its way: it ends with trouble.
  expect(service.events.map(({ kind }) => kind)).not.toContain("realtime-trouble");
  await db.rows("update api.tasks set title = 'Quick' where id = $1", [first]);
  await expect.poll(() => service.events.map(({ kind }) => kind), { timeout: 10_000 }).toContain("realtime-trouble");
  const id = await db.task(project);
  await quick.got((message) => message.id === id);
});

test("at its end it says goodbye, and leaves no connection", async () => {
  const { user } = await db.users("user");
  const service = await startService(db);
  const sockets = await Promise.all(
    ["a", "b", "c"].map(async (jti) => await subscribe(service, await tokenOf(user, { jti }))),
  );
  const ended = await service.stop();
  expect(ended).toBeInstanceOf(TmDbError);
  expect(ended).toMatchObject({ code: "INTERRUPTED", message: "stopped serving; 3 sockets were closed" });
  for (const socket of sockets) expect(await socket.closed).toMatchObject({ code: 1001 });
  await expect(subscribe(service, await tokenOf(user))).rejects.toThrow("ECONNREFUSED");
  const left =
    "select count(*)::int from pg_stat_activity where application_name like 'tm-db realtime%' and datname = current_database()";
  await expect.poll(async () => await db.value<number>(left)).toBe(0);
});
