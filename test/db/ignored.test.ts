import { expect, inject, test } from "vitest";
import { adopt } from "../../src/app/adopt.ts";
import { audit } from "../../src/app/audit.ts";
import { doctor } from "../../src/app/doctor.ts";
import { drift, type DriftOptions } from "../../src/app/drift.ts";
import type { DriftResult } from "../../src/core/command-result.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { quoteIdent } from "../../src/core/quote-ident.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

/** Notes on a platform that keeps accounts and files: its own objects are made only where they are missing. */
const NOTES = {
  "migrations/0001_platform.sql": `
    -- Up Migration
    do $$
    begin
      if to_regnamespace('auth') is null then
        create schema auth;
        create table auth.users (id uuid primary key, email text);
        create schema storage;
        create table storage.objects (id uuid primary key, owner uuid);
      end if;
    end
    $$;
    do $$ begin create role authenticator login noinherit; exception when duplicate_object then null; end $$;
    do $$ begin create role anon nologin; exception when duplicate_object then null; end $$;`,
  "migrations/0002_notes.sql":
    "-- Up Migration\ncreate schema api;\ncreate table api.notes (id uuid references auth.users, body text);\n" +
    "create index on api.notes (id);\ngrant usage on schema api to anon;\n",
  "functions/api/welcome.sql":
    "create function api.welcome() returns trigger language plpgsql set search_path = '' as 'begin return null; end';\n" +
    "revoke execute on function api.welcome() from public;\n" +
    "create trigger welcome after insert on auth.users for each row execute function api.welcome();\n",
  "policies/api/notes.sql":
    "alter table api.notes enable row level security;\ngrant select on api.notes to anon;\n" +
    "create policy select_all on api.notes for select to anon using (true);\n",
  "policies/storage/objects.sql":
    "create policy select_own on storage.objects for select to anon using (owner is null);\n",
};

const IGNORE = [
  "schema auth",
  "schema storage",
  "schema extensions",
  'schema "Vault"',
  "publication changes",
  "role platform_admin",
  // Of this server, where other tests have given it roles that these files do not.
  "role authenticator",
  "table public.spatial_ref_sys",
];

const setting = (ignore: readonly string[], more: object = {}): Record<string, string> => ({
  "tm-db.config.json": JSON.stringify({ ignore, roles: { anonymous: "anon" }, ...more }),
});

/** What a platform brings, as its own administrators. */
const PLATFORM = `
  do $$ begin create role platform_admin; exception when duplicate_object then null; end $$;
  do $$ begin create role anon nologin; exception when duplicate_object then null; end $$;
  create schema auth authorization platform_admin;
  create table auth.users (id uuid primary key default gen_random_uuid(), email varchar(254) unique, encrypted_password text);
  create table auth.sessions (id uuid primary key, user_id uuid references auth.users);
  create function auth.notice() returns trigger language plpgsql as 'begin return null; end';
  create trigger notice after update on auth.users for each row execute function auth.notice();
  create schema storage authorization platform_admin;
  create table storage.objects (id uuid primary key, owner uuid, bucket text);
  create policy platform on storage.objects to platform_admin using (true);
  grant usage on schema auth, storage to OWNER;
  grant all on all tables in schema auth, storage to OWNER;
  alter table auth.sessions owner to platform_admin;
  alter table storage.objects owner to OWNER;
  create schema extensions;
  create extension pg_trgm schema extensions;
  create function extensions.watch() returns event_trigger language plpgsql as 'begin end';
  create event trigger watch on ddl_command_end execute function extensions.watch();
  create statistics extensions.owners (dependencies) on id, owner from storage.objects;
  create schema "Vault"; create table "Vault".secrets (id int); create operator class "Vault".ops for type int using hash as operator 1 =;
  create publication changes;
  alter default privileges for role platform_admin in schema public grant select on tables to anon;
  alter role platform_admin in database DATABASE set statement_timeout = '1s';
  create table public.spatial_ref_sys (srid int primary key);
`;

async function onPlatform(files: Readonly<Record<string, string>> = {}): Promise<EngineProject> {
  const project = await engineProject({ ...NOTES, ...files });
  const { superuser, owner } = inject("server");
  const sql = PLATFORM.replaceAll("OWNER", quoteIdent(owner.user)).replace(
    "DATABASE",
    quoteIdent(project.spec.database),
  );
  await queryRows({ ...superuser, database: project.spec.database }, sql);
  return project;
}

const options = (project: EngineProject) => ({
  projectDir: project.dir,
  databaseUrl: connectionUrl(project.spec),
  env: {},
  onEvent: () => {},
});

async function drifted(project: EngineProject, more: Partial<DriftOptions> = {}): Promise<DriftResult> {
  return await drift({ ...options(project), ...more });
}

const words = (differences: DriftResult["differences"]): string[] =>
  differences.map(({ kind, object }) => `${kind} ${object}`);

test("beside tables that ignore names, the first deployment need not be asked for", async () => {
  const project = await onPlatform();
  const refused = await project.migrate().catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "DATABASE_NOT_EMPTY" });
  expect(String(refused)).toContain("auth.sessions");
  // One that is left out is enough.
  project.write(setting(IGNORE.filter((entry) => entry !== "table public.spatial_ref_sys")));
  const stillRefused = await project.migrate().catch((error: unknown) => error);
  expect(String(stillRefused)).toContain("did not make: public.spatial_ref_sys");
  project.write(setting(IGNORE));
  expect((await project.migrate()).deployment).not.toBeNull();
});

test("what a platform brings is drift; with its name in ignore it is none, and is listed all the same", async () => {
  const project = await onPlatform();
  await project.migrate({ allowNonEmpty: true });
  const before = await drifted(project);
  expect(words(before.differences)).toEqual(
    expect.arrayContaining([
      "extra table auth.sessions",
      "extra schema extensions",
      "extra event trigger watch",
      "extra extension pg_trgm",
      'extra schema "Vault"',
      "extra publication changes",
      "extra table public.spatial_ref_sys",
      "extra setting statement_timeout of role platform_admin in this database",
      "different column auth.users.email",
    ]),
  );
  project.write(setting(IGNORE));
  const after = await drifted(project, { sql: true });
  expect(after).toMatchObject({ equal: true, differences: [], ignored: { unmatched: [] } });
  expect(after.sql?.statements).toEqual([]);
  expect(after.ignored.differences).toEqual(before.differences);
});

test("what the files put on an ignored table is compared, and nothing else of it", async () => {
  const project = await onPlatform(setting(IGNORE));
  await project.migrate({ allowNonEmpty: true });
  const { superuser } = inject("server");
  await queryRows(
    { ...superuser, database: project.spec.database },
    `drop policy select_own on storage.objects; alter table auth.users disable trigger welcome;
     alter table storage.objects add column size int; create policy other on storage.objects using (true);
     create table api.extra (id int)`,
  );
  const { differences, sql, ignored } = await drifted(project, { sql: true });
  expect(words(differences)).toEqual([
    "missing policy select_own on storage.objects",
    "extra table api.extra",
    "different trigger welcome on auth.users",
  ]);
  expect(words(ignored.differences)).toEqual(expect.arrayContaining(["extra policy other on storage.objects"]));
  await queryRows({ ...superuser, database: project.spec.database }, sql?.statements.join("\n") ?? "");
  expect(await drifted(project)).toMatchObject({ equal: true });
});

test("a table that the platform took away is told, since the files have put a trigger on it", async () => {
  const project = await onPlatform(setting(IGNORE));
  await project.migrate({ allowNonEmpty: true });
  const { superuser } = inject("server");
  await queryRows({ ...superuser, database: project.spec.database }, "drop table storage.objects cascade");
  expect(words((await drifted(project)).differences)).toEqual(["missing table storage.objects"]);
});

test("an entry stands for what belongs to it and for nothing else, and one without a match is told", async () => {
  const project = await onPlatform(setting(["extension pg_trgm", "table auth.sessions", "schema storag"]));
  await project.migrate({ allowNonEmpty: true });
  const { differences, ignored } = await drifted(project);
  expect(words(ignored.differences)).toEqual(["extra extension pg_trgm", "extra table auth.sessions"]);
  expect(words(differences)).toContain("extra schema extensions");
  expect(ignored.unmatched).toEqual(["schema storag"]);
});

test("a part of something that no file makes is told with it, whatever is ignored", async () => {
  const project = await onPlatform(setting(['table "Vault".secrets']));
  await project.migrate({ allowNonEmpty: true });
  expect(words((await drifted(project)).differences)).toContain('extra schema "Vault"');
});

test("a database on a platform is adopted when only what is ignored differs", async () => {
  const project = await onPlatform();
  await project.migrate({ allowNonEmpty: true });
  await project.query("drop schema tm_db cascade");
  await expect(adopt({ ...options(project), dryRun: true })).rejects.toMatchObject({ code: "ADOPTION_REFUSED" });
  project.write(setting(IGNORE));
  const { differences, ignored, adopted } = await adopt(options(project));
  expect({ differences, adopted: adopted.length }).toEqual({ differences: [], adopted: 5 });
  expect(ignored.differences.length).toBeGreaterThan(5);
  expect(await drifted(project)).toMatchObject({ equal: true });
});

test("status and doctor list no orphans that are ignored, and status says how many there are", async () => {
  const project = await onPlatform(setting(["schema auth", "table storage.objects"]));
  await project.migrate({ allowNonEmpty: true });
  await project.query("create table api.by_hand (id int)");
  expect(await project.status()).toMatchObject({
    orphans: ["table api.by_hand"],
    ignoredOrphans: [
      "function auth.notice()",
      "policy platform on storage.objects",
      "table auth.sessions",
      "trigger notice on auth.users",
    ],
  });
  const { checks } = await doctor(options(project));
  expect(JSON.stringify(checks)).toContain("table api.by_hand");
  expect(JSON.stringify(checks)).not.toContain("auth.sessions");
});

test("the audit leaves out what lies in an ignored schema, counts it, and knows no other exception", async () => {
  const project = await onPlatform(setting([]));
  await project.migrate({ allowNonEmpty: true });
  const audited = async () => await audit({ ...options(project), rules: ["foreign-key-unindexed"] });
  const finding = { rule: "foreign-key-unindexed", object: expect.stringContaining("auth.sessions") };
  expect(await audited()).toMatchObject({ findings: [finding], ignored: [], passed: false });
  project.write(setting(["schema auth"]));
  expect(await audited()).toMatchObject({ findings: [], ignored: [finding], passed: true });
});

test("what the files make cannot be ignored: file and line of each statement", async () => {
  const project = await engineProject({
    ...NOTES,
    "migrations/0003_more.sql":
      "-- Up Migration\ncreate table if not exists storage.buckets (id text);\ncreate table storage.sizes (id int);\n",
    "views/storage/large.sql":
      "create view storage.large as select 1 as one;\ngrant select on storage.large to anon;\n",
    ...setting(["schema storage", "function api.welcome()", "policy select_own on storage.objects"]),
  });
  const refused = {
    code: "CONFIG_INVALID",
    problems: [
      {
        message: expect.stringContaining("table storage.sizes"),
        location: { file: "migrations/0003_more.sql", line: 3 },
      },
      { message: expect.stringContaining("function api.welcome()"), location: { line: 1 } },
      { message: expect.stringContaining("function api.welcome()"), location: { line: 2 } },
      {
        message: expect.stringContaining("view storage.large"),
        location: { file: "views/storage/large.sql", line: 1 },
      },
      { message: expect.stringContaining("schema storage is in ignore"), location: { line: 2 } },
      { message: expect.stringContaining("policy select_own"), location: { file: "policies/storage/objects.sql" } },
    ],
  };
  await expect(project.status()).rejects.toMatchObject(refused);
  await expect(adopt(options(project))).rejects.toMatchObject(refused);
  project.write(setting([]));
  expect(await project.status()).toMatchObject({ orphans: [] });
});
