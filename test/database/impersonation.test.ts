import { describe, expect, test } from "vitest";
import { type ApiRequest, withRequest } from "../../src/db/impersonate.ts";
import { API, anonymous, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const READ: ApiRequest = {
  role: "api_user",
  claims: { user_id: 7 },
  method: "GET",
  path: "/tasks",
  headers: { accept: "text/csv" },
};
const withoutPreRequest = { ...API, preRequest: undefined };

async function during<T>(request: ApiRequest, sql: string, end: "commit" | "roll-back" = "roll-back"): Promise<T[]> {
  const client = await db.connect("authenticator");
  return await withRequest(
    client,
    { api: withoutPreRequest, request, end },
    async (inside) => (await inside.query(sql)).rows as T[],
  );
}

describe("during a request", () => {
  test("role, claims, method, path, headers and search path are PostgREST's", async () => {
    const [settings] = await during<Record<string, string>>(
      READ,
      `select
         session_user as session, current_user as role, current_setting('search_path') as path,
         current_setting('request.jwt.claims') as claims, current_setting('request.method') as method,
         current_setting('request.path') as target, current_setting('request.headers') as headers, current_setting('request.cookies') as cookies`,
    );
    expect(settings).toEqual({
      session: "authenticator",
      role: "api_user",
      path: '"api", "public"',
      claims: '{"user_id":7,"role":"api_user"}',
      method: "GET",
      target: "/tasks",
      headers: '{"accept":"text/csv"}',
      cookies: "{}",
    });
  });

  test("the settings that alter role gave the impersonated role hold, and only for it", async () => {
    const cost = "select current_setting('random_page_cost') as cost";
    expect(await during(READ, cost)).toEqual([{ cost: "1.1" }]);
    expect(await during({ ...READ, role: "api_anonymous" }, cost)).toEqual([{ cost: "4" }]);
  });

  test("they are passed on as they were written, and the isolation level is known in capitals too", async () => {
    const owner = await db.connect("owner");
    await owner.query("create role impersonated; grant impersonated to authenticator");
    try {
      await owner.query(
        "alter role impersonated set work_mem = '5MB'; alter role impersonated set default_transaction_isolation = 'SERIALIZABLE'",
      );
      const settings = "select current_setting('work_mem') as mem, current_setting('transaction_isolation') as level";
      expect(await during({ ...READ, role: "impersonated" }, settings)).toEqual([
        { mem: "5MB", level: "serializable" },
      ]);
    } finally {
      await owner.query("drop role impersonated");
    }
  });

  test.each([
    ["GET", undefined, "on"],
    ["HEAD", undefined, "on"],
    ["POST", undefined, "off"],
    ["PATCH", undefined, "off"],
    ["DELETE", undefined, "off"],
    ["GET", "change_task_status", "on"],
    ["POST", "change_task_status", "off"],
    ["POST", "search_tasks", "on"],
  ] as const)("%s of %s is read only: %s", async (method, name, readOnly) => {
    const calls = name === undefined ? undefined : { name, arguments: [] };
    expect(
      await during({ ...READ, method, calls }, "select current_setting('transaction_read_only') as read_only"),
    ).toEqual([{ read_only: readOnly }]);
  });

  test("a function's statement_timeout and isolation level are raised to the transaction, its search_path is not", async () => {
    const owner = await db.connect("owner");
    await owner.query(
      `create function api.slow(seconds integer default 1) returns integer language sql stable
       set search_path = '' set statement_timeout = '7s' set default_transaction_isolation = 'repeatable read' as 'select 1'`,
    );
    const request = { ...READ, method: "POST" as const, calls: { name: "slow", arguments: ["seconds"] } };
    expect(
      await during(
        request,
        "select current_setting('statement_timeout') as t, current_setting('transaction_isolation') as i, current_setting('search_path') as p",
      ),
    ).toEqual([{ t: "7s", i: "repeatable read", p: '"api", "public"' }]);
    await owner.query("drop function api.slow");
  });

  test("the pre-request function runs before the callback, as the impersonated role", async () => {
    const client = await db.connect("authenticator");
    let ran = false;
    const run = {
      api: { ...API, preRequest: "auth.no_such_function" },
      request: { ...READ, ...anonymous },
      end: "roll-back" as const,
    };
    await expect(
      withRequest(client, run, async () => {
        ran = true;
        await Promise.resolve();
      }),
    ).rejects.toMatchObject({ code: "42883" });
    expect(ran).toBe(false);
  });
});

describe("after a request", () => {
  test("the connection is authenticator's again, and the settings read as empty, not as null", async () => {
    const client = await db.connect("authenticator");
    const run = { api: withoutPreRequest, request: READ, end: "commit" as const };
    await withRequest(client, run, async (inside) => await inside.query("select 1"));
    const { rows } = await client.query(
      "select current_user as role, current_setting('request.jwt.claims', true) as claims",
    );
    expect(rows).toEqual([{ role: "authenticator", claims: "" }]);
    await expect(client.query("select from api.tasks")).rejects.toMatchObject({ code: "42501" });
  });

  test("what was written stays or goes, as asked; after an error it goes", async () => {
    const { user } = await db.users("user");
    const count = async (): Promise<number> =>
      await db.value("select count(*) from api.projects where owner_id = $1", [user.id]);
    await db.attempt(user).post("projects", { name: "Gone" });
    expect(await count()).toBe(0);
    await db.as(user).post("projects", { name: "Stays" });
    expect(await count()).toBe(1);
    const client = await db.connect("authenticator");
    const run = {
      api: API,
      request: { ...READ, method: "POST" as const, claims: user.claims },
      end: "commit" as const,
    };
    await expect(
      withRequest(client, run, async (inside) => {
        await inside.query("insert into api.projects (name) values ('Gone')");
        throw new Error("changed my mind");
      }),
    ).rejects.toThrow("changed my mind");
    expect(await count()).toBe(1);
    expect((await client.query("select current_user as role")).rows).toEqual([{ role: "authenticator" }]);
  });
});

describe("a role that proves nothing is refused before anything runs:", () => {
  test.each([
    ["one that is not there", "nobody_at_all", "there is no role"],
    ["a superuser", "postgres", "superuser"],
    ["the owner of what is exposed", "tm_db", "owns"],
    ["one that the authenticator cannot become", "pg_monitor", "not a member"],
  ])("%s", async (_, role, message) => {
    const client = await db.connect("authenticator");
    const run = { api: API, request: { ...READ, role }, end: "roll-back" as const };
    await expect(withRequest(client, run, () => Promise.resolve())).rejects.toMatchObject({
      code: "IMPERSONATION_REFUSED",
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
    expect((await client.query("select pg_current_xact_id_if_assigned() as xid, current_user as role")).rows).toEqual([
      { xid: null, role: "authenticator" },
    ]);
  });

  test("one with BYPASSRLS, and a member of the owner", async () => {
    const superuser = await db.connect("superuser");
    const suffix = db.name.slice(-6);
    await superuser.query(`create role bypass_${suffix} bypassrls; create role deputy_${suffix} in role tm_db`);
    try {
      const client = await db.connect("authenticator");
      for (const [role, message] of [
        [`bypass_${suffix}`, "BYPASSRLS"],
        [`deputy_${suffix}`, "owns api."],
      ] as const) {
        const run = { api: API, request: { ...READ, role }, end: "roll-back" as const };
        await expect(withRequest(client, run, () => Promise.resolve())).rejects.toThrow(message);
      }
    } finally {
      await superuser.query(`drop role bypass_${suffix}; drop role deputy_${suffix}`);
    }
  });

  test("a schema that is not exposed", async () => {
    const client = await db.connect("authenticator");
    const run = { api: API, request: { ...READ, schema: "auth" }, end: "roll-back" as const };
    await expect(withRequest(client, run, () => Promise.resolve())).rejects.toThrow("auth is not exposed");
  });
});
