import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwtVerify } from "jose";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { doctor, type DoctorOptions } from "../../src/app/doctor.ts";
import type { DoctorCheck, DoctorResult } from "../../src/core/command-result.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { cloneDatabase, openClient } from "../support/reference-database.ts";
import { REPOSITORY } from "../support/throwaway-server.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

const server = inject("server");
const DATABASE = "reference_to_examine";

let owner: pg.Client;
let superuser: pg.Client;

beforeAll(async () => {
  await cloneDatabase(server, DATABASE);
  [owner, superuser] = await Promise.all([
    openClient(server, "owner", DATABASE),
    openClient(server, "superuser", DATABASE),
  ]);
  await owner.query("refresh materialized view stats.project_activity");
});
afterAll(async () => {
  await Promise.all([owner.end(), superuser.end()]);
});

/** Examines the reference database, as its owner. */
async function examine(options: Partial<DoctorOptions> = {}): Promise<DoctorResult> {
  return await doctor({
    projectDir: REPOSITORY,
    databaseUrl: connectionUrl({ ...server.owner, database: DATABASE }),
    env: { TM_DB_AUTHENTICATOR_PASSWORD: server.authenticatorPassword },
    onEvent: () => {},
    ...options,
  });
}

/** The lines of one check, without the places in files. */
function of(result: DoctorResult, check: DoctorCheck["check"]): readonly Omit<DoctorCheck, "check" | "at">[] {
  return result.checks
    .filter((each) => each.check === check)
    .map(({ verdict, message, next }) => ({ verdict, message, next }));
}

const QUIET = [expect.objectContaining({ verdict: "ok", next: null })];

test("all is well with the reference database, and it is said without a secret in it", async () => {
  const result = await examine();
  expect(result.checks.filter(({ verdict }) => verdict !== "ok")).toEqual([
    expect.objectContaining({ check: "postgrest", verdict: "skipped" }),
  ]);
  expect(result).toMatchObject({ command: "doctor", healthy: true });
  expect(JSON.stringify(result)).not.toContain(server.jwtSecret);
  expect(JSON.stringify(result)).not.toContain(server.authenticatorPassword);
});

test("it reads only: a database that refuses to be written is examined all the same", async () => {
  await owner.query(`alter database ${DATABASE} set default_transaction_read_only = on`);
  try {
    expect((await examine()).healthy).toBe(true);
    const { rows } = await queryRowsOf("show transaction_read_only");
    expect(rows).toEqual([{ transaction_read_only: "on" }]);
  } finally {
    await owner.query(`alter database ${DATABASE} reset default_transaction_read_only`);
  }
});

async function queryRowsOf(sql: string): Promise<{ rows: unknown[] }> {
  return { rows: await queryRows({ ...server.owner, database: DATABASE }, sql) };
}

/** Something that is broken, what is said of it, and how it is mended: by the SQL that the doctor names, if nothing else is given. */
interface Ailment {
  readonly title: string;
  readonly check: DoctorCheck["check"];
  readonly verdict: "problem" | "warning";
  readonly message: RegExp;
  readonly breaks: string;
  readonly mends?: string;
  /** What the mending leaves. */
  readonly cleans?: string;
  /** Whose SQL all are; the owner's if not given. */
  readonly as?: "superuser";
}

const AILMENTS: readonly Ailment[] = [
  {
    title: "the authenticator may do more than log in",
    check: "roles",
    verdict: "problem",
    message: /^authenticator is SUPERUSER BYPASSRLS CREATEROLE CREATEDB REPLICATION$/,
    breaks: "alter role authenticator superuser bypassrls createrole createdb replication",
    as: "superuser",
  },
  {
    title: "requests are made as a superuser",
    check: "roles",
    verdict: "problem",
    message: /^api_user, as which requests are made, is SUPERUSER$/,
    breaks: "alter role api_user superuser",
    as: "superuser",
  },
  {
    title: "policies do not hold for a role of requests",
    check: "roles",
    verdict: "problem",
    message: /^api_anonymous, as which requests are made, is BYPASSRLS$/,
    breaks: "alter role api_anonymous bypassrls",
    as: "superuser",
  },
  {
    title: "the authenticator may not log in",
    check: "roles",
    verdict: "problem",
    message: /^PostgREST cannot log in as authenticator$/,
    breaks: "alter role authenticator nologin",
    as: "superuser",
  },
  {
    title: "a role of requests may log in",
    check: "roles",
    verdict: "warning",
    message: /^api_user may log in, past PostgREST$/,
    breaks: "alter role api_user login",
    as: "superuser",
  },
  {
    title: "the authenticator may not become the anonymous role",
    check: "roles",
    verdict: "problem",
    message: /^authenticator may not become api_anonymous$/,
    breaks: "revoke api_anonymous from authenticator",
  },
  // Since PostgreSQL 16 a membership says what it is good for; before, the member's attribute did.
  ...(server.major < 16
    ? [
        {
          title: "the authenticator has its roles' privileges without becoming them",
          check: "roles" as const,
          verdict: "warning" as const,
          message: /^authenticator has the privileges of api_user before it becomes it$/,
          breaks: "alter role authenticator inherit",
        },
      ]
    : [
        {
          title: "the authenticator has a role's privileges without becoming it",
          check: "roles" as const,
          verdict: "warning" as const,
          message: /^authenticator has the privileges of api_user before it becomes it$/,
          breaks: "grant api_user to authenticator with inherit true",
        },
        {
          title: "the authenticator is a member that may not become the role",
          check: "roles" as const,
          verdict: "problem" as const,
          message: /^authenticator may not become api_user$/,
          breaks: "grant api_user to authenticator with set false",
          mends: "grant api_user to authenticator with set true",
        },
      ]),
  {
    title: "a role of requests is a member of one that reads everything",
    check: "roles",
    verdict: "problem",
    message: /^a request as api_user may become pg_read_all_data$/,
    breaks: "grant pg_read_all_data to api_user",
    as: "superuser",
  },
  {
    title: "a role of requests that asks for a token passes by the policies",
    check: "roles",
    verdict: "warning",
    message: /^no policy holds for requests as api_user: it has BYPASSRLS$/,
    breaks: "alter role api_user bypassrls",
    as: "superuser",
  },
  {
    title: "a role of requests owns an exposed table",
    check: "roles",
    verdict: "problem",
    message: /^api_user owns table api\.thing: no policy holds for an owner$/,
    breaks: "create table api.thing (); alter table api.thing owner to api_user",
    cleans: "drop table api.thing",
    as: "superuser",
  },
  {
    title: "a role of requests owns something else",
    check: "roles",
    verdict: "warning",
    message: /^api_user, as which requests are made, owns table thing$/,
    breaks: "create table public.thing (); alter table public.thing owner to api_user",
    cleans: "drop table public.thing",
    as: "superuser",
  },
  {
    title: "a role of requests may create objects",
    check: "roles",
    verdict: "problem",
    message: /^api_user may create in schema stats$/,
    breaks: "grant create on schema stats to api_user",
  },
  {
    title: "a role of requests may create schemas",
    check: "roles",
    verdict: "problem",
    message: new RegExp(`^api_user may create in database ${DATABASE}$`),
    breaks: `grant create on database ${DATABASE} to api_user`,
  },
  {
    title: "an exposed schema is not there",
    check: "grants",
    verdict: "problem",
    message: /^the exposed schema api is not there$/,
    breaks: "alter schema api rename to was_api",
    mends: "alter schema was_api rename to api",
  },
  {
    title: "no role may use the exposed schema",
    check: "grants",
    verdict: "problem",
    message: /^no role of the API may use the schema api$/,
    breaks: "revoke usage on schema api from api_anonymous, api_user",
    mends: "grant usage on schema api to api_anonymous, api_user",
  },
  {
    title: "a role that has grants may not be become",
    check: "grants",
    verdict: "warning",
    message: /^api_user may use the schema api, and authenticator may not become it/,
    breaks: "revoke api_user from authenticator",
  },
  {
    title: "everybody may create in the exposed schema",
    check: "grants",
    verdict: "problem",
    message: /^everybody may create in the schema api$/,
    breaks: "grant create on schema api to public",
  },
  {
    title: "everybody may read a table",
    check: "grants",
    verdict: "problem",
    message: /^everybody has privileges on tasks of api$/,
    breaks: "grant select on api.tasks to public",
  },
  {
    title: "everybody may call a function",
    check: "grants",
    verdict: "warning",
    message: /^everybody may call 1 function of api: open_to_all$/,
    breaks:
      "create function api.open_to_all(n int) returns int language sql return 1; grant execute on function api.open_to_all to public;" +
      "create procedure api.open_to_all(t text) language sql as ''; grant execute on procedure api.open_to_all(text) to public",
    cleans: "drop function api.open_to_all(int); drop procedure api.open_to_all(text)",
  },
  {
    title: "the pre-request function is not there",
    check: "pre-request",
    verdict: "problem",
    message: /^every request fails: there is no function auth.pre_request\(\)$/,
    breaks: "alter function auth.pre_request() rename to was_pre_request",
    mends: "alter function auth.was_pre_request() rename to pre_request",
  },
  {
    title: "the pre-request function may not be called by everybody who makes requests",
    check: "pre-request",
    verdict: "problem",
    message: /^every request of api_anonymous fails: auth.pre_request\(\) may not be called$/,
    breaks: "revoke execute on function auth.pre_request() from api_anonymous",
  },
  {
    title: "the JWT secret is not there",
    check: "secret",
    verdict: "problem",
    message: /^auth.secrets.secret holds no JWT secret: nobody can log in$/,
    breaks: "create table public.kept as table auth.secrets; delete from auth.secrets",
    mends: "insert into auth.secrets table public.kept; drop table public.kept",
  },
  {
    title: "the JWT secret is too short",
    check: "secret",
    verdict: "problem",
    message: /^auth.secrets.secret is shorter than 32 bytes$/,
    breaks: `create table public.kept as table auth.secrets;
      alter table auth.secrets drop constraint secrets_secret_check;
      update auth.secrets set secret = 'short and not for your eyes'`,
    mends: `update auth.secrets as s set secret = k.secret from public.kept as k; drop table public.kept;
      alter table auth.secrets add constraint secrets_secret_check check (octet_length(secret) >= 32)`,
  },
  {
    title: "a role of requests may read the JWT secret",
    check: "secret",
    verdict: "problem",
    message: /^api_user may read auth.secrets.secret, and so make a token for anybody$/,
    breaks: "grant select (secret) on auth.secrets to api_user",
  },
  {
    title: "a role of requests may read the secret that waits",
    check: "secret",
    verdict: "problem",
    message: /^api_user may read auth.secrets.standby_secret, and so make a token for anybody$/,
    breaks: "grant select (standby_secret) on auth.secrets to api_user",
  },
  {
    title: "a role of requests may write the JWT secret",
    check: "secret",
    verdict: "problem",
    message: /^api_user may update auth.secrets.secret, and so make a token for anybody$/,
    breaks: "grant update (secret) on auth.secrets to api_user",
  },
  {
    title: "a role of requests may have an old secret accepted again",
    check: "secret",
    verdict: "problem",
    message: /^api_user may update auth.secrets.previous_until, and so make a token for anybody$/,
    breaks: "grant update (previous_until) on auth.secrets to api_user",
  },
  {
    title: "the authenticator has another password",
    check: "login",
    verdict: "problem",
    message: /^authenticator cannot log in: .* refuses the user name or the password/,
    breaks: "alter role authenticator password 'another'",
    mends: `alter role authenticator password '${server.authenticatorPassword}'`,
    as: "superuser",
  },
  {
    title: "a file of the deployment is not what was deployed",
    check: "files",
    verdict: "problem",
    message: /^functions\/api\/login.sql: changed since it was deployed$/,
    breaks: "update tm_db.files set checksum = 'x' || checksum where path = 'functions/api/login.sql'",
    mends: "update tm_db.files set checksum = substr(checksum, 2) where path = 'functions/api/login.sql'",
  },
  {
    title: "an object was made by hand",
    check: "drift",
    verdict: "warning",
    message: /^no file makes table api.by_hand$/,
    breaks: "create table api.by_hand (id int)",
    mends: "drop table api.by_hand",
  },
  {
    title: "an extension is not installed",
    check: "extensions",
    verdict: "problem",
    message: /^the extension pgcrypto is not installed in this database$/,
    breaks:
      "alter extension pgcrypto drop function internal.armor(bytea); update pg_extension set extname = 'was' where extname = 'pgcrypto'",
    mends:
      "update pg_extension set extname = 'pgcrypto' where extname = 'was'; alter extension pgcrypto add function internal.armor(bytea)",
    as: "superuser",
  },
  {
    title: "an extension is older than the server's",
    check: "extensions",
    verdict: "warning",
    message: /^the extension pgcrypto is at 1\.0, and the server has 1\.\d$/,
    breaks: "update pg_extension set extversion = '1.0' where extname = 'pgcrypto'",
    mends: `update pg_extension as e set extversion = a.default_version
      from pg_available_extensions as a where e.extname = 'pgcrypto' and a.name = e.extname`,
    as: "superuser",
  },
  {
    title: "a materialized view was never filled",
    check: "materialized views",
    verdict: "problem",
    message: /^stats.project_activity was never filled: reading it fails$/,
    breaks: "refresh materialized view stats.project_activity with no data",
    mends: "refresh materialized view stats.project_activity",
  },
  {
    title: "a materialized view cannot be refreshed beside its readers",
    check: "materialized views",
    verdict: "warning",
    message: /^readers of public.counted wait while it is refreshed: it has no unique index$/,
    breaks: "create materialized view public.counted as select 1 as one",
    mends: "create unique index on public.counted (one)",
    cleans: "drop materialized view public.counted",
  },
];

describe("is said, and not any more when it is mended:", () => {
  test.each(AILMENTS)("$title", async ({ check, verdict, message, breaks, mends, cleans, as }) => {
    const client = as === "superuser" ? superuser : owner;
    await client.query(breaks);
    let next: string | null | undefined;
    try {
      const sick = await examine();
      const found = of(sick, check).find((each) => message.test(each.message));
      expect(found, JSON.stringify(of(sick, check))).toMatchObject({ verdict, next: expect.stringMatching(/\S/) });
      expect(sick.healthy).toBe(sick.checks.every((each) => each.verdict !== "problem"));
      if (verdict === "problem") expect(sick.healthy).toBe(false);
      expect(JSON.stringify(sick)).not.toContain("not for your eyes");
      next = found?.next;
    } finally {
      await client.query(mends ?? next?.replace(/;[^;]*$/, ";") ?? "select 1");
    }
    try {
      expect(of(await examine(), check)).toEqual(QUIET);
    } finally {
      if (cleans !== undefined) await client.query(cleans);
    }
  });
});

test("where a file declares what is wrong, the line is said", async () => {
  const project = await engineProject({
    "tm-db.config.json": JSON.stringify({
      exposedSchemas: ["notes"],
      preRequest: "notes.check",
      roles: { authenticator: "authenticator", anonymous: "api_anonymous" },
    }),
    "migrations/0001_notes.sql":
      "-- Up Migration\ncreate schema notes;\ngrant usage on schema notes to api_anonymous;\ncreate table notes.notes ();\n\n  grant select on notes.notes to public;\n-- Down Migration\ndrop schema notes cascade;\n",
    "functions/notes/check.sql":
      "-- Checks nothing.\ncreate function notes.check() returns void language sql return null;\n",
  });
  await project.migrate();
  const { checks } = await doctor({
    projectDir: project.dir,
    databaseUrl: connectionUrl(project.spec),
    env: {},
    onEvent: () => {},
  });
  expect(checks.filter(({ check }) => check === "grants").map(({ message, at }) => [message, at])).toEqual([
    ["everybody has privileges on notes of notes", { file: "migrations/0001_notes.sql", line: 6, column: 3 }],
    ["everybody may call 1 function of notes: check", { file: "functions/notes/check.sql", line: 2, column: 1 }],
  ]);
});

test("what is no warning of the glance is a problem of the whole comparison", async () => {
  await owner.query("alter policy update_self on api.users using (true)");
  try {
    expect(of(await examine(), "drift")).toEqual(QUIET);
    const drifted = await examine({ drift: true });
    expect(drifted.healthy).toBe(false);
    expect(of(drifted, "drift")).toEqual([
      expect.objectContaining({
        verdict: "problem",
        message: expect.stringContaining("policy update_self on api.users"),
      }),
    ]);
  } finally {
    await owner.query("alter policy update_self on api.users using (id = (select auth.user_id()))");
  }
  expect(of(await examine({ drift: true }), "drift")).toEqual(QUIET);
});

test("who may not look is told what was skipped, and the rest is looked at", async () => {
  const url = connectionUrl({
    ...server.owner,
    user: "authenticator",
    password: server.authenticatorPassword,
    database: DATABASE,
  });
  const result = await examine({ databaseUrl: url });
  for (const check of ["files", "drift", "secret"] as const) {
    expect(of(result, check)).toEqual([
      {
        verdict: "skipped",
        message: expect.stringMatching(/^permission denied for schema|^permission denied for table/),
        next: expect.stringContaining("--database-url"),
      },
    ]);
  }
  for (const check of ["roles", "grants", "pre-request"] as const) expect(of(result, check)).toEqual(QUIET);
});

describe("a project that is not ours", () => {
  const NOTES = {
    "tm-db.config.json": JSON.stringify({
      exposedSchemas: ["notes"],
      roles: { authenticator: "authenticator", anonymous: "api_anonymous" },
    }),
    "migrations/0001_notes.sql":
      "-- Up Migration\ncreate schema notes;\ngrant usage on schema notes to api_anonymous;\ncreate extension citext;\n-- Down Migration\ndrop extension citext;\ndrop schema notes;\n",
  };
  const look = async (project: EngineProject, env: Record<string, string> = {}): Promise<DoctorResult> =>
    await doctor({ projectDir: project.dir, databaseUrl: connectionUrl(project.spec), env, onEvent: () => {} });

  test("whose files cannot be read is not said to need no extension", async () => {
    const project = await engineProject(NOTES);
    await project.migrate();
    project.write({ "functions/notes/wrong.txt": "", "migrations/0001_again.sql": "select 1;\n" });
    const broken = await look(project);
    expect(of(broken, "files")).toEqual([expect.objectContaining({ verdict: "problem" })]);
    expect(of(broken, "extensions")).toEqual([
      { verdict: "skipped", message: "the files cannot be read, so nobody knows which they create", next: null },
    ]);
  });

  test("has no secret, no pre-request function and no materialized view, and that is no problem", async () => {
    const project = await engineProject(NOTES);
    await project.migrate();
    const result = await look(project);
    expect(result.healthy).toBe(true);
    for (const check of ["secret", "pre-request", "materialized views", "login", "postgrest"] as const) {
      expect(of(result, check)).toEqual([expect.objectContaining({ verdict: "skipped" })]);
    }
    expect(of(result, "extensions")).toEqual([
      expect.objectContaining({ verdict: "ok", message: expect.stringMatching(/^citext 1\.\d+$/) }),
    ]);
  });

  test("keeps its secret in the environment, which is looked at there", async () => {
    const project = await engineProject(NOTES);
    await project.migrate();
    const secret = async (value: string) => of(await look(project, { TM_DB_JWT_SECRET: value }), "secret");
    expect(await secret("x".repeat(32))).toEqual(QUIET);
    expect(await secret("x".repeat(31))).toEqual([
      expect.objectContaining({ verdict: "problem", message: "TM_DB_JWT_SECRET is shorter than 32 bytes" }),
    ]);
  });

  test("is told what waits, what was edited, what is gone, and what belongs to another branch", async () => {
    const project = await engineProject(NOTES);
    const files = async () => of(await look(project), "files");
    expect(await files()).toEqual([
      {
        verdict: "problem",
        message: "tm-db has never deployed to this database",
        next: expect.stringMatching(/^npx tm-db migrate /),
      },
    ]);
    await project.migrate();
    expect(await files()).toEqual([{ verdict: "ok", message: "1 file, deployed", next: null }]);
    project.write({ "functions/notes/one.sql": "create function notes.one() returns int language sql return 1;\n" });
    expect(await files()).toEqual([
      { verdict: "problem", message: "functions/notes/one.sql: not deployed yet", next: "npx tm-db migrate" },
    ]);
    await project.migrate();
    project.write({ "functions/notes/one.sql": null });
    expect(await files()).toMatchObject([{ message: "functions/notes/one.sql: deployed, and its file is gone" }]);
    project.write({ "migrations/0001_notes.sql": `${NOTES["migrations/0001_notes.sql"]}\n-- later\n` });
    expect(await files()).toMatchObject([
      { message: "migrations/0001_notes.sql: changed after it was applied" },
      { message: "functions/notes/one.sql: deployed, and its file is gone" },
    ]);
    project.write({ "migrations/notes.sql": "select 1;\n" });
    expect(await files()).toMatchObject([
      { verdict: "problem", message: expect.stringContaining("migrations/notes.sql") },
    ]);
  });

  test("is told that the server does not have an extension", async () => {
    const project = await engineProject(NOTES);
    await project.migrate();
    project.write({
      "migrations/0002_more.sql":
        "-- Up Migration\ncreate extension no_such_extension;\ndrop extension citext;\n-- Down Migration\nselect 1;\n",
    });
    expect(of(await look(project), "extensions")).toEqual([
      expect.objectContaining({
        verdict: "problem",
        message: "the server does not have the extension no_such_extension, which the files create",
      }),
    ]);
  });

  test("may hold no migrations at all", async () => {
    const projectDir = mkdtempSync(join(tmpdir(), "tm-db-doctor-"));
    onTestFinished(() => rmSync(projectDir, { recursive: true }));
    const result = await doctor({
      projectDir,
      databaseUrl: connectionUrl({ ...server.owner, database: DATABASE }),
      env: {},
      onEvent: () => {},
    });
    expect(of(result, "files")).toEqual([expect.objectContaining({ verdict: "skipped" })]);
    expect(of(result, "roles")).toEqual([
      {
        verdict: "problem",
        message: "there is no role anonymous",
        next: "set roles.anonymous in tm-db.config.json; or make it in a migration: npx tm-db new <name>",
      },
    ]);
  });
});

describe("PostgREST", () => {
  interface Faked {
    readonly serverHeader?: string | null;
    /** By how much its clock is ahead. */
    readonly aheadMs?: number;
    readonly status?: number;
    readonly body?: unknown;
    /** Tables that it does not know. */
    readonly unknown?: readonly string[];
    readonly secret?: string;
    readonly ready?: number;
  }

  /** Speaks like PostgREST where the doctor listens. It is none: what it says is written here. */
  async function fake(says: Faked = {}): Promise<string> {
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const { pathname } = new URL(request.url ?? "/", "http://fake");
      const { serverHeader = "postgrest/13.0.4", aheadMs = 0 } = says;
      const date = new Date(Date.now() + aheadMs);
      if (serverHeader !== null) response.setHeader("Server", serverHeader);
      response.setHeader("Date", date.toUTCString());
      const reply = (status: number, body?: unknown): void => {
        response.writeHead(status, { "Content-Type": "application/json" });
        response.end(body === undefined ? undefined : JSON.stringify(body));
      };
      if (pathname === "/live") return reply(200);
      if (pathname === "/ready") return reply(says.ready ?? 200);
      if (request.method === "OPTIONS") return reply(says.unknown?.includes(pathname.slice(1)) === true ? 404 : 200);
      const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? "")?.[1];
      if (token !== undefined) {
        const key = new TextEncoder().encode(says.secret ?? server.jwtSecret);
        const verified = await jwtVerify(token, key, { currentDate: date, clockTolerance: 30 }).catch(() => undefined);
        if (verified === undefined)
          return reply(401, { code: "PGRST301", message: "No suitable key or wrong key type" });
        expect(verified.payload).toMatchObject({ role: "api_anonymous", exp: expect.any(Number) });
      }
      reply(says.status ?? 200, says.body ?? { swagger: "2.0", info: { version: "13.0.4" } });
    };
    const http = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      http.closeAllConnections();
      http.close();
    });
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  }

  async function seen(says: Faked, adminUrl?: string): Promise<readonly DoctorCheck[]> {
    const { checks } = await examine({ postgrestUrl: await fake(says), postgrestAdminUrl: adminUrl });
    return checks.filter(({ check }) => check.startsWith("postgrest"));
  }

  test("that is as it should be is well in all", async () => {
    const adminUrl = await fake();
    const checks = await seen({}, adminUrl);
    expect(checks).toEqual([
      {
        check: "postgrest",
        verdict: "ok",
        message: expect.stringMatching(/^PostgREST 13\.0\.4 answers at/),
        next: null,
        at: null,
      },
      { check: "postgrest ready", verdict: "ok", message: "PostgREST is live and ready", next: null, at: null },
      {
        check: "postgrest schema",
        verdict: "ok",
        message: expect.stringMatching(/^PostgREST knows all \d+ tables and views of api$/),
        next: null,
        at: null,
      },
      {
        check: "postgrest secret",
        verdict: "ok",
        message: expect.stringContaining("takes a token"),
        next: null,
        at: null,
      },
      { check: "postgrest clock", verdict: "ok", message: expect.stringContaining("agrees"), next: null, at: null },
    ]);
  });

  const HOUR = 3_600_000;
  const cases: readonly (readonly [string, Faked, DoctorCheck["check"], DoctorCheck["verdict"], RegExp])[] = [
    [
      "is too old",
      { serverHeader: "postgrest/10.2.0" },
      "postgrest",
      "problem",
      /^PostgREST 10\.2\.0 is older than 11$/,
    ],
    [
      "is newer than what is known",
      { serverHeader: "postgrest/17.0" },
      "postgrest",
      "warning",
      /^PostgREST 17\.0 is newer than what tm-db knows \(11 to 16\)$/,
    ],
    ["is behind a proxy", { serverHeader: "nginx" }, "postgrest", "ok", /^PostgREST 13\.0\.4 answers/],
    [
      "is behind a proxy, its documentation off",
      { serverHeader: null, status: 404, body: { code: "PGRST126", message: "Root endpoint metadata is disabled" } },
      "postgrest",
      "ok",
      /a proxy hides its version$/,
    ],
    ["is something else", { serverHeader: "nginx", body: "hello" }, "postgrest", "problem", /not as PostgREST does$/],
    [
      "has no database",
      {
        status: 503,
        body: { code: "PGRST002", message: "Could not query the database for the schema cache. Retrying." },
      },
      "postgrest",
      "problem",
      /answers 503: Could not query/,
    ],
    [
      "has an old schema cache",
      { unknown: ["tasks"] },
      "postgrest schema",
      "problem",
      /^PostgREST does not know api\.tasks: /,
    ],
    [
      "verifies with another secret",
      { secret: "x".repeat(40) },
      "postgrest secret",
      "problem",
      /^PostgREST refuses a token .*: No suitable key/,
    ],
    [
      "is an hour ahead",
      { aheadMs: HOUR },
      "postgrest clock",
      "problem",
      /^PostgREST's clock is 3\d{3}\.\d s ahead of the server's: /,
    ],
    ["is ten seconds behind", { aheadMs: -10_000 }, "postgrest clock", "warning", /behind the server's$/],
  ];
  test.each(cases)("that %s", async (_, says, check, verdict, message) => {
    const found = (await seen(says)).filter((each) => each.check === check);
    expect(found).toEqual([
      expect.objectContaining({
        verdict,
        message: expect.stringMatching(message),
        next: verdict === "ok" ? null : expect.stringMatching(/\S/),
      }),
    ]);
  });

  test("that knows no table at all exposes another schema, or is old", async () => {
    const { rows } = await queryRowsOf("select relname from pg_class where relnamespace = 'api'::regnamespace");
    const unknown = (rows as { relname: string }[]).map(({ relname }) => relname);
    const checks = await seen({ unknown });
    expect(checks.find(({ check }) => check === "postgrest schema")).toMatchObject({
      verdict: "problem",
      message: expect.stringMatching(/^PostgREST knows no table of api/),
      next: expect.stringContaining("notify pgrst, 'reload schema'"),
    });
  });

  test("that is an hour ahead takes the secret's token all the same: its clock is what is wrong", async () => {
    const checks = await seen({ aheadMs: HOUR });
    expect(checks.find(({ check }) => check === "postgrest secret")).toMatchObject({ verdict: "ok" });
  });

  test("that is not ready", async () => {
    expect(await seen({}, await fake({ ready: 503 }))).toContainEqual(
      expect.objectContaining({ check: "postgrest ready", verdict: "problem" }),
    );
  });

  test("that does not answer is a problem, and its address is found in each place, the flag before the others", async () => {
    const good = await fake();
    const nobody = "http://127.0.0.1:4";
    const env = { TM_DB_AUTHENTICATOR_PASSWORD: server.authenticatorPassword, POSTGREST_URL: nobody };
    const answered = async (options: Partial<DoctorOptions>) => of(await examine(options), "postgrest")[0]?.verdict;
    expect(await answered({ env })).toBe("problem");
    expect(await answered({ env, postgrestUrl: good })).toBe("ok");
    expect(await answered({ env: { ...env, POSTGREST_URL: good } })).toBe("ok");
    const project = await engineProject({
      "tm-db.config.json": JSON.stringify({ postgrestUrl: good, postgrestAdminUrl: nobody }),
    });
    const { checks } = await doctor({
      projectDir: project.dir,
      databaseUrl: connectionUrl(project.spec),
      env: {},
      onEvent: () => {},
    });
    expect(checks).toContainEqual(expect.objectContaining({ check: "postgrest", verdict: "ok" }));
    expect(checks).toContainEqual(expect.objectContaining({ check: "postgrest ready", verdict: "problem" }));
  });

  test.each(["localhost:3000", "ftp://localhost", "http://user:secret@localhost", "nonsense"])(
    "cannot be at %s",
    async (postgrestUrl) => {
      const failure = examine({ postgrestUrl });
      await expect(failure).rejects.toMatchObject({ code: "USAGE" });
      await expect(failure).rejects.not.toThrow("secret");
    },
  );
});
