import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { audit, type AuditOptions } from "../../src/app/audit.ts";
import type { AuditResult } from "../../src/core/command-result.ts";
import { connectionUrl } from "../../src/core/connection-spec.ts";
import { type EngineProject, engineProject, queryRows } from "./project.ts";

const CONFIG = JSON.stringify({
  exposedSchemas: ["api"],
  roles: { authenticator: "authenticator", anonymous: "api_anonymous" },
});

/** Notes with two faults: a table without row level security, and a foreign key without an index. */
const NOTES = {
  "tm-db.config.json": CONFIG,
  "migrations/0001_notes.sql": [
    "-- Up Migration",
    "create schema api;",
    "comment on schema api is 'Notes.';",
    "grant usage on schema api to api_user;",
    "create table api.folders (id bigint primary key);",
    "create table api.notes (",
    "  id bigint primary key,",
    "  folder_id bigint references api.folders",
    ");",
    "grant select on api.notes to api_user;",
    "comment on table api.notes is 'Notes.';",
    "comment on column api.notes.id is 'Number.';",
    "comment on column api.notes.folder_id is 'Where it lies.';",
    "",
  ].join("\n"),
};

async function audited(project: EngineProject, options: Partial<AuditOptions> = {}): Promise<AuditResult> {
  const databaseUrl = connectionUrl(project.spec);
  return await audit({ projectDir: project.dir, databaseUrl, env: {}, onEvent: () => {}, ...options });
}

const words = ({ findings }: Pick<AuditResult, "findings">): string[] =>
  findings.map(({ rule, object }) => `${rule}: ${object}`);

test("a finding says where its object is declared, and the SQL that mends it", async () => {
  const project = await engineProject(NOTES);
  await project.migrate();
  const result = await audited(project);
  expect(result).toMatchObject({
    passed: false,
    failOn: "warning",
    audited: "database",
    baseline: null,
    findings: [
      {
        rule: "rls-disabled",
        severity: "error",
        object: "table api.notes",
        message: "has no row level security, and api_user may select",
        fix: "alter table api.notes enable row level security;",
        location: { file: "migrations/0001_notes.sql", line: 6, column: 1, text: "create table api.notes (" },
      },
      {
        rule: "foreign-key-unindexed",
        object: "constraint notes_folder_id_fkey on api.notes",
        location: { file: "migrations/0001_notes.sql", line: 8, column: 3 },
      },
    ],
  });
});

test("the severity that counts is chosen, and so are the rules", async () => {
  const project = await engineProject(NOTES);
  await project.migrate();
  expect(await audited(project, { failOn: "error" })).toMatchObject({ passed: false });
  expect(await audited(project, { failOn: "never" })).toMatchObject({ passed: true });
  const keys = await audited(project, { rules: ["foreign-key-unindexed"], failOn: "error" });
  expect(words(keys)).toEqual(["foreign-key-unindexed: constraint notes_folder_id_fkey on api.notes"]);
  expect(keys).toMatchObject({ passed: true, rules: ["foreign-key-unindexed"] });
  await expect(audited(project, { rules: ["rls-disabled", "rls-disable"] })).rejects.toMatchObject({
    code: "USAGE",
    message: "there is no rule rls-disable",
    hint: "npx tm-db audit --list",
  });
});

test("what waits in the files is audited with --files, and leaves nothing on the server", async () => {
  const project = await engineProject(NOTES);
  await project.migrate();
  project.write({
    "policies/api/notes.sql":
      "alter table api.notes enable row level security;\n" +
      "create policy select_all on api.notes for select to api_user using (true);\n",
  });
  expect(words(await audited(project)).filter((word) => !word.startsWith("foreign"))).toEqual([
    "rls-disabled: table api.notes",
  ]);
  const pending = await audited(project, { files: true });
  expect(pending.audited).toBe("files");
  expect(words(pending)).toEqual([
    "foreign-key-unindexed: constraint notes_folder_id_fkey on api.notes",
    "policy-reads-all: policy select_all on api.notes",
  ]);
  expect(pending.findings[1]?.location).toMatchObject({ file: "policies/api/notes.sql", line: 2 });
  const policies = await project.query("select from pg_policy where polrelid = 'api.notes'::regclass");
  expect(policies).toEqual([]);
});

test("a baseline accepts by rule and object; what it accepts in vain is a finding at its line", async () => {
  const project = await engineProject(NOTES);
  await project.migrate();
  const written = await audited(project, { writeBaseline: "a list for all" });
  expect(written).toMatchObject({
    passed: true,
    baseline: { path: "audit.baseline.json", written: true },
    findings: [],
  });
  expect(JSON.parse(readFileSync(join(project.dir, "audit.baseline.json"), "utf8"))).toEqual({
    findings: [
      {
        rule: "foreign-key-unindexed",
        object: "constraint notes_folder_id_fkey on api.notes",
        reason: "a list for all",
      },
      { rule: "rls-disabled", object: "table api.notes", reason: "a list for all" },
    ],
  });
  await project.query("alter table api.notes enable row level security");
  await project.query("create policy p on api.notes for select to api_user using (id > 0)");
  const later = await audited(project);
  expect(words(later)).toEqual(["baseline-stale: table api.notes"]);
  expect(later.findings[0]?.location).toMatchObject({ file: "audit.baseline.json", line: 4, column: 5 });
  expect(later.accepted).toMatchObject([{ rule: "foreign-key-unindexed", reason: "a list for all" }]);
  expect(words(await audited(project, { rules: ["foreign-key-unindexed"] }))).toEqual([]);
});

test("writing a baseline anew keeps the reasons that were given, and the entries of rules that did not run", async () => {
  const project = await engineProject(NOTES);
  await project.migrate();
  await audited(project, { rules: ["rls-disabled"], writeBaseline: "a list for all" });
  await audited(project, { rules: ["foreign-key-unindexed"], writeBaseline: "small" });
  await audited(project, { writeBaseline: "later" });
  expect((await audited(project)).accepted.map(({ rule, reason }) => `${rule}: ${reason}`)).toEqual([
    "rls-disabled: a list for all",
    "foreign-key-unindexed: small",
  ]);
  await expect(audited(project, { writeBaseline: " " })).rejects.toMatchObject({ code: "USAGE" });
});

test("a database that lacks what PostgREST is configured with is no database without findings", async () => {
  const project = await engineProject({
    "tm-db.config.json": '{ "exposedSchemas": ["apy"], "roles": { "anonymous": "nobody" } }',
  });
  await expect(audited(project)).rejects.toMatchObject({
    code: "NOTHING_TO_AUDIT",
    problems: [{ message: "there is no schema apy" }, { message: "there is no role nobody" }],
  });
});

test("a database can be audited without the files that made it", async () => {
  const project = await engineProject(NOTES);
  await project.migrate();
  const elsewhere = await engineProject({ "tm-db.config.json": CONFIG });
  const result = await audited(elsewhere, { databaseUrl: connectionUrl(project.spec) });
  expect(result.findings.map(({ rule, location }) => ({ rule, location }))).toEqual([
    { rule: "rls-disabled", location: null },
    { rule: "foreign-key-unindexed", location: null },
  ]);
});

test("names with quotes, dots, blanks, parentheses and other letters are told as SQL writes them, and the fixes run", async () => {
  const schema = 'O"dd (api).{x}';
  const odd = '"O""dd (api).{x}"';
  const project = await engineProject({
    "tm-db.config.json": JSON.stringify({
      exposedSchemas: [schema],
      roles: { authenticator: "authenticator", anonymous: "api_anonymous" },
    }),
  });
  await project.query(`
    create schema ${odd};
    grant usage on schema ${odd} to api_anonymous, api_user;
    create table ${odd}."T(1) ""ä""" (
      "ID" bigint generated by default as identity primary key,
      "ow ner)" text,
      "select" bigint constraint "fk (é)" references ${odd}."T(1) ""ä""",
      "Pass word_hash" text
    );
    grant all on ${odd}."T(1) ""ä""" to api_user;
    create policy "upd (all)" on ${odd}."T(1) ""ä""" for update to api_user using ("ow ner)" = (select current_user));
    create function ${odd}."f(%I""$1"(a int, "b" ${odd}."T(1) ""ä""") returns int
      language sql security definer as 'select 1';
    create function ${odd}."f(%I""$1"(a int) returns int language sql security definer as 'select 1';
    alter table ${odd}."T(1) ""ä""" enable row level security;
    create view ${odd}."v.w" as select * from ${odd}."T(1) ""ä""";
    grant select on ${odd}."v.w" to api_user;
    alter table ${odd}."T(1) ""ä""" disable row level security;`);
  const mended: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const { findings } = await audited(project, { failOn: "never" });
    const fixable = findings.filter(({ rule, fix }) => fix !== null && rule !== "comment-missing");
    if (fixable.length === 0) break;
    for (const { rule, object, fix } of fixable) {
      mended.push(`${rule}: ${object}`);
      await project.query(fix ?? "");
    }
  }
  const table = `${odd}."T(1) ""ä"""`;
  expect(mended.toSorted()).toEqual(
    [
      `definer-executable: function ${odd}."f(%I""$1"(integer)`,
      `definer-executable: function ${odd}."f(%I""$1"(integer, ${table})`,
      `definer-search-path: function ${odd}."f(%I""$1"(integer)`,
      `definer-search-path: function ${odd}."f(%I""$1"(integer, ${table})`,
      `foreign-key-unindexed: constraint "fk (é)" on ${table}`,
      `grant-truncate: table ${table}`,
      `id-writable: column ${table}."ID"`,
      `policy-column-unindexed: column ${table}."ow ner)"`,
      `policy-update-check: policy "upd (all)" on ${table}`,
      `policy-without-rls: policy "upd (all)" on ${table}`,
      `rls-disabled: table ${table}`,
      `sensitive-column: column ${table}."Pass word_hash"`,
      `view-security-invoker: view ${odd}."v.w"`,
    ].toSorted(),
  );
});

test("a database in another encoding than UTF-8 can be audited", async () => {
  const { owner } = inject("server");
  const project = await engineProject({ "tm-db.config.json": CONFIG });
  const database = `${project.spec.database}_latin`;
  const maintenance = { ...owner, database: "postgres" };
  await queryRows(maintenance, `create database ${database} encoding 'latin1' locale 'C' template template0`);
  try {
    await queryRows(
      { ...owner, database },
      `create schema api; grant usage on schema api to api_user; create table api."Bücher" (id int); grant select on api."Bücher" to api_user`,
    );
    const databaseUrl = connectionUrl({ ...owner, database });
    expect(words(await audited(project, { databaseUrl }))).toContain('rls-disabled: table api."Bücher"');
  } finally {
    await queryRows(maintenance, `drop database ${database}`);
  }
});

test("what an extension made is not told of, nor are the tables of the ledger", async () => {
  const project = await engineProject(NOTES);
  await project.migrate();
  await project.query("create extension citext schema api");
  const { findings } = await audited(project);
  expect(findings.filter(({ object }) => /citext|tm_db/.test(object)).map(({ rule }) => rule)).toEqual([
    "extension-exposed",
  ]);
});

test("partitions and tables that inherit are told of where they can be named themselves", async () => {
  const project = await engineProject(NOTES);
  await project.migrate();
  await project.query(`
    create table api.logs (id bigint, at date) partition by range (at);
    create table api.logs_1 partition of api.logs for values from ('2026-01-01') to ('2027-01-01');
    create table api.logs_2 partition of api.logs for values from ('2027-01-01') to ('2028-01-01');
    alter table api.logs enable row level security;
    create table api.letters (stamp text) inherits (api.notes);
    grant select on api.logs_1, api.letters to api_user;`);
  expect(words(await audited(project, { rules: ["rls-disabled"] }))).toEqual([
    "rls-disabled: table api.notes",
    "rls-disabled: table api.letters",
    "rls-disabled: table api.logs_1",
  ]);
});

test("the rule about recursion agrees with PostgreSQL, policy for policy", async () => {
  const { superuser } = inject("server");
  const project = await engineProject({ "tm-db.config.json": CONFIG });
  const read = (name: string): string =>
    readFileSync(new URL(`../rules/policy-recursion/${name}.sql`, import.meta.url), "utf8")
      .replaceAll(/\bweb_anon\b/g, "api_anonymous")
      .replaceAll(/\bweb_user\b/g, "api_user");
  const recurses = async (...scripts: readonly string[]): Promise<string[]> => {
    const spec = { ...superuser, database: project.spec.database };
    await queryRows(spec, "drop schema if exists api cascade");
    await queryRows(
      spec,
      `create schema api; ${scripts.join("\n")}; grant usage on schema api to api_user; grant all on all tables in schema api to api_user`,
    );
    const tables = await queryRows<{ name: string }>(
      spec,
      "select tablename as name from pg_tables where schemaname = 'api' order by 1",
    );
    const refused: string[] = [];
    for (const { name } of tables) {
      for (const statement of [`select from api.${name}`, `insert into api.${name} default values`]) {
        const error: unknown = await queryRows(spec, `begin; set local role api_user; ${statement}; rollback`).catch(
          (caught: unknown) => caught,
        );
        if (error instanceof Error && Reflect.get(error, "code") === "42P17") refused.push(statement);
      }
    }
    return refused;
  };
  expect(await recurses(read("fires"))).toEqual([
    "select from api.members",
    "select from api.people",
    "insert into api.projects default values",
    "select from api.teams",
  ]);
  expect(await recurses(read("quiet"))).toEqual([]);
  expect(await recurses(read("fires"), read("fixed"))).toEqual([]);
});
