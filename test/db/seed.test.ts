import { createServer, connect as connectSocket, type AddressInfo } from "node:net";
import { expect, inject, onTestFinished, test } from "vitest";
import type { ConnectionSpec } from "../../src/core/connection-spec.ts";
import { withClient } from "../../src/db/client.ts";
import { withRequest } from "../../src/db/impersonate.ts";
import { compareCatalogs, readCatalog } from "../../src/schema/catalog.ts";
import { deployReference } from "../support/global-setup.ts";
import { API } from "../support/reference-database.ts";
import { startThrowawayServer } from "../support/throwaway-server.ts";
import { checksums, cloneReference, seedReference, withConnection } from "./seed-reference.ts";

const SMALL = { scale: 0.03 };

test("the same seed value makes the same bytes on PostgreSQL 15 and 18, with exact figures and an unchanged catalog", async () => {
  const database = await cloneReference();
  const before = await readCatalog(database);
  const result = await seedReference(database, "staging", SMALL);
  expect(result.putAside.indexes).toBeGreaterThanOrEqual(10);
  expect(result.putAside.foreignKeys).toBeGreaterThanOrEqual(9);
  expect(result.analyzed).toBe(true);
  expect(await compareCatalogs(before, await readCatalog(database))).toEqual([]);
  const newest = await checksums(database);
  expect(newest["api.tasks"]).toMatch(/^3000 /);
  expect(newest["api.comments"]).toMatch(/^6000 /);
  expect(newest["stats.project_figures"]).toMatch(/^30 /);
  const wrong = await withConnection(
    database,
    async (client) => await client.query("select api.refresh_project_stats()"),
  );
  expect(wrong.rows).toEqual([{ refresh_project_stats: "0" }]);

  const { server, dispose } = await startThrowawayServer("15", "seeded");
  onTestFinished(dispose);
  const secrets = { jwtSecret: "x".repeat(40), authenticatorPassword: server.authenticatorPassword };
  await deployReference(server.connection, secrets);
  const beforeOn15 = await readCatalog(server.connection);
  expect((await seedReference(server.connection, "staging", SMALL)).putAside).toMatchObject({
    indexes: 11,
    foreignKeys: 10,
  });
  expect(await compareCatalogs(beforeOn15, await readCatalog(server.connection))).toEqual([]);
  expect(await checksums(server.connection)).toEqual(newest);

  const kept = await cloneReference();
  const inPlace = await seedReference(kept, "staging", { ...SMALL, keepIndexes: true });
  expect(inPlace.putAside).toMatchObject({ indexes: 0, foreignKeys: 0 });
  expect(await checksums(kept)).toEqual(newest);
});

test("another seed value makes other rows", async () => {
  const [one, two] = [await cloneReference(), await cloneReference()];
  await seedReference(one, "staging", { scale: 0.02 });
  await seedReference(two, "staging", { scale: 0.02, seedValue: 2 });
  const [first, second] = [await checksums(one), await checksums(two)];
  expect(Object.keys(first).filter((table) => first[table] === second[table])).toEqual(["auth.credentials"]);
});

test("a person of the staging data can log in, list, search and comment, and sees their projects only", async () => {
  const database = await cloneReference();
  const { accounts } = await seedReference(database, "staging", SMALL);
  const { authenticatorPassword } = inject("server");
  const authenticator: ConnectionSpec = { ...database, user: "authenticator", password: authenticatorPassword };
  const login = async (email: string, password: string): Promise<Record<string, unknown>> =>
    await withClient(authenticator, {}, async (client) => {
      const request = { method: "POST" as const, role: "api_anonymous", claims: {}, path: "/rpc/login" };
      return await withRequest(client, { api: API, request, end: "commit" }, async () => {
        const { rows } = await client.query<{ token: string }>("select token from api.login($1, $2)", [
          email,
          password,
        ]);
        return JSON.parse(Buffer.from(rows[0]?.token.split(".")[1] ?? "", "base64url").toString()) as Record<
          string,
          unknown
        >;
      });
    });
  const ask = async (claims: Record<string, unknown>, sql: string, values: unknown[] = []): Promise<unknown[]> =>
    await withClient(authenticator, {}, async (client) => {
      const request = { method: "POST" as const, role: "api_user", claims, path: "/" };
      return await withRequest(
        client,
        { api: API, request, end: "commit" },
        async () => (await client.query<Record<string, unknown>>(sql, values)).rows,
      );
    });

  const counts: Record<string, number> = {};
  for (const { email = "", password = "", projects = "" } of accounts) {
    const claims = await login(email, password);
    counts[projects] = (await ask(claims, "select id from api.project_details")).length;
    const tasks = await ask(claims, "select id, title from api.task_details order by id limit 20");
    expect(tasks.length > 0).toBe(projects !== "in-none");
    if (projects !== "in-ten") continue;
    const [task] = tasks as { id: string; title: string }[];
    expect(await ask(claims, "select * from api.search_tasks($1)", [task?.title ?? ""])).not.toEqual([]);
    const comment = "insert into api.comments (content, task_id) values ('Seen', $1) returning user_id";
    expect(await ask(claims, comment, [task?.id])).toEqual([{ user_id: String(claims["user_id"]) }]);
  }
  expect(counts).toEqual({ "in-none": 0, "in-one": 1, "in-ten": 10, "in-a-thousand": 19 });
  await expect(login(accounts[0]?.["email"] ?? "", "something else")).rejects.toMatchObject({ code: "PT401" });
});

test("a second time it is refused and changes nothing; --add loads as much again beside it", async () => {
  const database = await cloneReference();
  await seedReference(database, "dev");
  await seedReference(database, "staging", { scale: 0.02, add: true });
  const once = await checksums(database);
  await expect(seedReference(database, "staging", SMALL)).rejects.toMatchObject({
    code: "TABLES_NOT_EMPTY",
    problems: expect.arrayContaining([{ message: "api.tasks is not empty" }]),
  });
  expect(await checksums(database)).toEqual(once);
  const again = await seedReference(database, "staging", { scale: 0.02, add: true });
  expect(again.putAside).toMatchObject({ indexes: 0, foreignKeys: 0 });
  const count = (sums: Record<string, string>): number => Number(sums["api.tasks"]?.split(" ")[0]);
  expect(count(await checksums(database)) - count(once)).toBe(2000);
  // The counters went on: a row of one's own gets a free number.
  await withConnection(database, async (client) => {
    await client.query("insert into api.tasks (title, project_id) values ('One more', 1)");
    expect((await client.query("select api.refresh_project_stats() as wrong")).rows).toEqual([{ wrong: "0" }]);
  });
});

test("--truncate asks, names every table that goes, and then makes what the first time made", async () => {
  const database = await cloneReference();
  await seedReference(database, "staging", { scale: 0.02 });
  const first = await checksums(database);
  const asked: string[] = [];
  const refuse = (question: string): Promise<boolean> => {
    asked.push(question);
    return Promise.resolve(false);
  };
  const again = { scale: 0.02, truncate: true };
  await expect(seedReference(database, "staging", { ...again, confirm: refuse })).rejects.toMatchObject({
    code: "NOT_CONFIRMED",
  });
  expect(asked).toEqual([expect.stringMatching(/api\.tasks, api\.comments, and stats\.project_figures/)]);
  expect(await checksums(database)).toEqual(first);
  await withConnection(database, async (client) => await client.query("delete from api.comments where id < 100"));
  await seedReference(database, "staging", again);
  expect(await checksums(database)).toEqual(first);
});

test("seed dev shows who can log in, and loaded twice it changes nothing", async () => {
  const database = await cloneReference();
  const { accounts } = await seedReference(database, "dev");
  expect(accounts).toHaveLength(6);
  expect(accounts[0]).toEqual({
    email: "alice@example.com",
    password: "correct horse battery",
    projects: "viewer of Bicycle workshop, admin of Office move, admin of Website relaunch",
  });
  const first = await checksums(database);
  expect(first["api.users"]).toMatch(/^6 /);
  await seedReference(database, "dev");
  expect(await checksums(database)).toEqual(first);
});

test("a database behind a tunnel is not local, whatever its address says; to say that it is meant is enough", async () => {
  const database = await cloneReference();
  const tunnel = createServer((socket) => {
    const server = connectSocket({ host: database.host, port: database.port });
    for (const end of [socket, server]) end.on("error", () => {});
    socket.pipe(server).pipe(socket);
  });
  await new Promise<void>((resolve) => tunnel.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void tunnel.close());
  const through = { ...database, port: (tunnel.address() as AddressInfo).port };
  await expect(seedReference(through, "dev")).rejects.toMatchObject({ code: "NOT_LOCAL" });
  expect((await checksums(database))["api.users"]).toMatch(/^0 /);
  await seedReference(through, "dev", { notProduction: true });
  expect((await checksums(database))["api.users"]).toMatch(/^6 /);
});
