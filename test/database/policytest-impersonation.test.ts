import pg from "pg";
import { describe, expect, test } from "vitest";
import { httpStatus } from "../../src/core/http-status.ts";
import { type ApiRequest, withRequest } from "../../src/db/impersonate.ts";
import { outputOf, TEST_API, usePolicyTests } from "../support/policy-tests.ts";
import { installTestHelpers } from "../../src/policytest/helpers.ts";
import { installPgtap } from "../../src/policytest/pgtap.ts";
import { cloneDatabase, openClient, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const client = usePolicyTests(db);

/** What a test file with these statements prints. */
async function tap(body: string): Promise<string[]> {
  return await outputOf(client(), `begin; select no_plan(); ${body}; rollback;`);
}

/** All that a request can know of how it was made, as one row. */
const SEEN = `select json_build_object(
  'role', current_user, 'search_path', current_setting('search_path'), 'claims', current_setting('request.jwt.claims')::json,
  'method', current_setting('request.method'), 'path', current_setting('request.path'),
  'headers', current_setting('request.headers')::json, 'cookies', current_setting('request.cookies')::json,
  'read_only', current_setting('transaction_read_only'), 'timeout', current_setting('statement_timeout'),
  'cost', current_setting('random_page_cost'), 'app', current_setting('app.seen_by', true)
)::text as seen`;

/** An assertion keeps no rows, but the message of an error: a cast that fails carries out what the request saw. */
const TELL = `select ((${SEEN})::integer)`.replaceAll("'", "''");

async function seenInSql(prepare: string): Promise<unknown> {
  const [line] = await tap(`${prepare}; select (tests._attempt('${TELL}')).message`);
  return JSON.parse(/^invalid input syntax for type integer: "(.*)"$/.exec(line ?? "")?.[1] ?? "null");
}

async function seenInTypeScript(request: ApiRequest, api = TEST_API): Promise<unknown> {
  const authenticator = await db.connect("authenticator");
  return await withRequest(authenticator, { api, request, end: "roll-back" }, async (inside) => {
    const { rows } = await inside.query<{ seen: string }>(SEEN);
    return JSON.parse(rows[0]?.seen ?? "null") as unknown;
  });
}

describe("an attempt sees what a request by db/impersonate.ts sees:", () => {
  const claims = { user_id: 1e6, role: "somebody else", nested: { a: [1, null, "é"] } };
  const asRole = `select tests.as_role('api_user', '${JSON.stringify(claims)}')`;
  // auth.pre_request would refuse the number of nobody.
  const api = { ...TEST_API, preRequest: undefined };
  const noPreRequest = "update tests.api set pre_request = null";
  const headers = { accept: "text/csv", "x-note": 'a "quoted" one' };

  test.each<[string, string, ApiRequest]>([
    [
      "a GET with headers and cookies",
      `${asRole}; select tests.request('GET', '/tasks', '${JSON.stringify(headers)}', '{"session": "1"}')`,
      { role: "api_user", claims, method: "GET", path: "/tasks", headers, cookies: { session: "1" } },
    ],
    [
      "a POST",
      `${asRole}; select tests.request('POST', '/tasks')`,
      { role: "api_user", claims, method: "POST", path: "/tasks" },
    ],
    ["a method that fits the statement", asRole, { role: "api_user", claims, method: "POST", path: "/" }],
    [
      "a request without a token",
      "select tests.as_anonymous(); select tests.request('HEAD', '/')",
      { role: "api_anonymous", method: "HEAD", path: "/" },
    ],
    [
      "a call of a function that is not volatile",
      `${asRole}; select tests.request('POST', '/rpc/search_tasks')`,
      {
        role: "api_user",
        claims,
        method: "POST",
        path: "/rpc/search_tasks",
        calls: { name: "search_tasks", arguments: [] },
      },
    ],
    [
      "a call of a function that is",
      `${asRole}; select tests.request('POST', '/rpc/assign_task')`,
      {
        role: "api_user",
        claims,
        method: "POST",
        path: "/rpc/assign_task",
        calls: { name: "assign_task", arguments: [] },
      },
    ],
  ])("%s", async (_, prepare, request) => {
    const expected = await seenInTypeScript(request, api);
    expect(await seenInSql(`${noPreRequest}; ${prepare}`)).toEqual(expected);
    const timeout = request.role === "api_anonymous" ? "3s" : "10s";
    expect(expected).toMatchObject({ role: request.role, timeout, search_path: '"api", "public"' });
  });

  test("another exposed schema, by its profile", async () => {
    const schemas = ["api", 'my "own"'];
    const request: ApiRequest = {
      role: "api_user",
      claims,
      method: "GET",
      path: "/",
      headers: { "Accept-Profile": 'my "own"' },
    };
    const expected = await seenInTypeScript({ ...request, schema: 'my "own"' }, { ...api, schemas });
    const prepare = `update tests.api set schemas = '{api,"my \\"own\\""}'; ${asRole};
      select tests.request('GET', '/', '{"Accept-Profile": "my \\"own\\""}')`;
    expect(await seenInSql(`${noPreRequest}; ${prepare}`)).toEqual(expected);
    expect(expected).toMatchObject({ search_path: '"my ""own""", "public"' });
    await expect(tap(`${asRole}; select tests.request('GET', '/', '{"accept-profile": "auth"}')`)).rejects.toThrow(
      "the schema auth is not exposed",
    );
  });

  test("a function's settings, and what the pre-request function sets", async () => {
    const owner = await db.connect("owner");
    await owner.query(
      `create function api.slow() returns integer language sql set statement_timeout = '7s' as 'select 1';
       create function auth.mark() returns void language sql as $$ select set_config('app.seen_by', current_user, true) $$;
       grant execute on function auth.mark() to api_user`,
    );
    try {
      const calls = { name: "slow", arguments: [] };
      const expected = await seenInTypeScript(
        { role: "api_user", claims, method: "POST", path: "/rpc/slow", calls },
        { ...TEST_API, preRequest: "auth.mark" },
      );
      const prepare = `update tests.api set pre_request = 'auth.mark'; ${asRole}; select tests.request('POST', '/rpc/slow')`;
      expect(await seenInSql(prepare)).toEqual(expected);
      expect(expected).toMatchObject({ timeout: "7s", app: "api_user" });
    } finally {
      await owner.query("drop function api.slow(); drop function auth.mark()");
    }
  });
});

describe("plain statements", () => {
  test("run as whoever was become, with pgTAP at hand", async () => {
    const lines = await tap(
      `select tests.as_user('Vera');
       select is(current_user::text, 'api_user');
       select is(current_setting('search_path'), '"api", "public", pgtap');
       select is(auth.user_id(), tests.id('Vera'));
       select results_eq('select count(*) from projects', '{2}'::bigint[]);
       select throws_ok('delete from api.users', '42501')`,
    );
    expect(lines.map((line) => line.slice(0, 4))).toEqual(["ok 1", "ok 2", "ok 3", "ok 4", "ok 5"]);
  });

  test("of somebody whom the pre-request function refuses may do nothing", async () => {
    const lines = await tap(
      `delete from api.users where id = tests.id('Stella');
       select tests.as_user('Stella');
       select throws_ok('select from api.projects', '42501');
       select tests.raises('select from api.projects', 401, 'it');
       select tests.as_user('Vera');
       select lives_ok('select from api.projects')`,
    );
    expect(lines.map((line) => line.slice(0, 4))).toEqual(["ok 1", "ok 2", "ok 3"]);
  });

  test("has the settings of its role as they were written", async () => {
    const [memory] = await tap(
      `alter role api_user set work_mem = '5MB'; select tests.as_user('Vera'); select current_setting('work_mem')`,
    );
    expect(memory).toBe("5MB");
  });

  test("after back_to_owner are the owner's, with the settings of before and empty ones of the request", async () => {
    const [before, after] = await tap(
      `set local statement_timeout = '5s';
       select current_user, current_setting('search_path'), current_setting('statement_timeout'), current_setting('random_page_cost');
       select tests.as_user('Vera'); select tests.request('GET', '/x', '{"a": "b"}', '{"c": "d"}'); select tests.back_to_owner();
       select current_user, current_setting('search_path'), current_setting('statement_timeout'), current_setting('random_page_cost'),
         current_setting('request.jwt.claims'), current_setting('request.method'), current_setting('request.path'),
         current_setting('request.headers'), current_setting('request.cookies')`,
    );
    expect(after).toBe(`${before}|||||`);
  });

  test("of the next transaction find the settings as after a request: empty, not missing", async () => {
    await tap("select tests.as_user('Vera')");
    expect(
      await outputOf(
        client(),
        "select current_user, current_setting('request.jwt.claims', true), current_setting('tests.persona', true)",
      ),
    ).toEqual(["tm_db||"]);
  });
});

describe("who proves nothing is not become:", () => {
  test.each([
    ["a role that is not there", "select tests.as_role('nobody_at_all')", "there is no role nobody_at_all"],
    ["a superuser", "select tests.as_role('postgres')", "postgres is a superuser"],
    ["the owner of the tables", "select tests.as_role('tm_db')", "tm_db owns api."],
    [
      "whom the authenticator cannot become",
      "select tests.as_role('pg_monitor')",
      "authenticator is not a member of pg_monitor",
    ],
    [
      "anybody without an authenticator",
      "update tests.api set authenticator_role = 'x'; select tests.as_user('Vera')",
      "there is no role x",
    ],
    [
      "a token's role that is not there",
      `select tests.define_user('x', '{"role": "y"}'); select tests.as_user('x')`,
      "there is no role y",
    ],
    ["a name that nobody has", "select tests.as_user('Vea')", "there is no user Vea"],
    ["a method that is none", "select tests.as_user('Vera'); select tests.request('BREW')", "no method BREW"],
  ])("%s", async (_, statements, message) => {
    await expect(tap(statements)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
  });

  test("and the hint is none of deploying, which does not touch databases of tests", async () => {
    await expect(tap("select tests.as_role('nobody_at_all')")).rejects.toMatchObject({
      hint: "make it in a migration, or name a role of the API, such as a token's `role` claim",
    });
  });

  test("whom the role of the tests cannot become, although PostgREST could", async () => {
    await expect(tap("revoke authenticator from current_user; select tests.as_user('Vera')")).rejects.toMatchObject({
      message: "tm_db, as whom the tests run, may not become api_user",
      hint: "grant authenticator to tm_db",
    });
  });

  test.each([
    ["a role with BYPASSRLS", "bypassrls", "BYPASSRLS"],
    ["a member of the owner", "in role tm_db", "owns api."],
  ])("%s", async (_, option, message) => {
    const superuser = await db.connect("superuser");
    await superuser.query(`begin; set local search_path = public, pgtap; create role unbound ${option}`);
    await expect(superuser.query("select tests.as_role('unbound')")).rejects.toThrow(message);
    await superuser.query("rollback");
  });
});

describe("the helpers are refused", () => {
  test("where the project has a schema of that name, and by name", async () => {
    await expect(installTestHelpers(client(), TEST_API)).rejects.toMatchObject({
      code: "OBJECT_EXISTS",
      message: expect.stringContaining("a schema tests of its own"),
    });
  });

  test("to who may not become the authenticator", async () => {
    const database = `${db.name}_refused`;
    const role = `outsider_${db.name.slice(-6)}`;
    await cloneDatabase(db.server, database);
    const superuser = await openClient(db.server, "superuser", database);
    await superuser.query(
      `create role ${role} login password 'no secret'; grant create on database ${database} to ${role}`,
    );
    const { host, port } = db.server.owner;
    const outsider = new pg.Client({ host, port, database, user: role, password: "no secret" });
    await outsider.connect();
    try {
      await installPgtap(outsider);
      await expect(installTestHelpers(outsider, TEST_API)).rejects.toMatchObject({
        code: "PERMISSION_DENIED",
        hint: expect.stringContaining(`grant "authenticator" to "${role}"`),
      });
    } finally {
      await outsider.end();
      await superuser.query(`drop owned by ${role} cascade; drop role ${role}`);
      await superuser.end();
    }
  });
});

describe("people", () => {
  test("have the claims that the project gives them; a test may put others over those", async () => {
    const claims = "select current_setting('request.jwt.claims')::json ->>";
    const lines = await tap(
      `select tests.create_user('Zoe'); select tests.claim('Zoe', 'email');
       select tests.as_user('Zoe', '{"email": "new@example.com", "extra": 1}');
       ${claims} 'email'; ${claims} 'extra'; ${claims} 'role'; ${claims} 'user_id' = tests.claim('Zoe', 'user_id')`,
    );
    expect(lines).toEqual(["zoe@example.com", "new@example.com", "1", "api_user", "true"]);
  });

  test.each([
    ["made twice", "select tests.create_user('Vera')", "there is a Vera already"],
    ["without a role", `select tests.define_user('x', '{"sub": "1"}')`, "are no token's"],
    ["without claims", "select tests.define_user('x', null)", "are no token's"],
    ["asked for a claim that they have not", "select tests.claim('Vera', 'sub')", "has no claim sub"],
    [
      "of a project that does not say how",
      "drop function tests.new_user; select tests.create_user('x')",
      "how a user of this project is made",
    ],
  ])("%s are refused", async (_, statements, message) => {
    await expect(tap(statements)).rejects.toMatchObject({
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
  });

  test("are made by the owner, whoever was become", async () => {
    const lines = await tap(
      "select tests.as_user('Vera'); select tests.create_user('Zoe'); select current_user; select tests.as_user('Zoe'); select tests.can_see('select id from api.users', 1, 'it')",
    );
    expect(lines).toEqual(["api_user", "ok 1 - it"]);
  });

  test("of a project with uuid keys and roles of its own are as simple", async () => {
    const lines = await tap(
      `create role anon; create role authenticated; create role gateway noinherit; grant anon, authenticated to gateway;
       grant gateway to current_user;
       create schema app; grant usage on schema app to anon, authenticated;
       create table app.accounts (id uuid primary key);
       create function app.uid() returns uuid language sql stable
         as $$ select (nullif(current_setting('request.jwt.claims', true), '')::json ->> 'sub')::uuid $$;
       grant execute on function app.uid() to authenticated;
       create table app.notes (owner uuid default app.uid() references app.accounts, note text);
       alter table app.notes enable row level security;
       grant select, insert on app.notes to authenticated;
       create policy own on app.notes for select to authenticated using (owner = app.uid());
       create policy mine on app.notes for insert to authenticated with check (owner = app.uid());
       update tests.api set schemas = '{app}', pre_request = null, anonymous_role = 'anon', authenticator_role = 'gateway';
       create or replace function tests.new_user(name text) returns jsonb language sql as $$
         insert into app.accounts values (gen_random_uuid()) returning jsonb_build_object('role', 'authenticated', 'sub', id)
       $$;
       select tests.create_user('ada'); select tests.create_user('bob');
       insert into app.notes values (tests.claim('ada', 'sub')::uuid, 'secret');
       select tests.as_user('ada'); select tests.can_see('select * from notes', 1); select tests.lets('insert into notes values (default, ''x'')');
       select tests.as_user('bob'); select tests.sees_nothing('select * from notes');
       select tests.refuses('insert into notes values (tests.claim(''ada'', ''sub'')::uuid)');
       select tests.as_anonymous(); select tests.raises('select * from notes', 401)`,
    );
    expect(lines.map((line) => line.slice(0, 4))).toEqual(["ok 1", "ok 2", "ok 3", "ok 4", "ok 5"]);
  });
});

test("the status of an error is that of src/core/http-status.ts, whatever the error", async () => {
  const letters = [..."0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
  const states = letters.flatMap((a) =>
    letters.flatMap((b) => ["000", "501", "P01", "P17"].map((rest) => `${a}${b}${rest}`)),
  );
  const codes = [
    "21000",
    "22023",
    "23503",
    "23505",
    "25006",
    "42501",
    "42883",
    "53400",
    "PGRST",
    "PT404",
    "PT4O4",
    "PT4",
  ];
  const messages = [
    "any",
    "DELETE requires a WHERE clause",
    'role "x" does not exist',
    "function xmlagg(text) does not exist",
  ];
  const details = [null, "", "no json", "[]", '{"status": 418}', '{"status": "418"}'];
  const cases = [
    ...[...states, ...codes].map((sqlState) => ({ sqlState, message: "any", detail: null, anonymous: false })),
    ...codes.flatMap((sqlState) =>
      messages.flatMap((message) =>
        details.flatMap((detail) => [true, false].map((anonymous) => ({ sqlState, message, detail, anonymous }))),
      ),
    ),
  ];
  const statuses = await outputOf(
    client(),
    `select tests.http_status(c."sqlState", c.message, c.detail, c.anonymous)
     from jsonb_array_elements('${JSON.stringify(cases).replaceAll("'", "''")}') with ordinality as e (value, n)
     cross join jsonb_to_record(e.value) as c ("sqlState" text, message text, detail text, anonymous boolean)
     order by e.n`,
  );
  expect(statuses).toEqual(
    cases.map(({ detail, ...rest }) => String(httpStatus({ ...rest, detail: detail ?? undefined }))),
  );
});
