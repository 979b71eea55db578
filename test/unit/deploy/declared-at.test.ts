import { beforeAll, describe, expect, test } from "vitest";
import type { MigrationFile, ProjectFiles, RepeatableFile } from "../../../src/core/project-files.ts";
import type { FindDeclaration, Subject } from "../../../src/core/subject.ts";
import { readDeclarations } from "../../../src/deploy/declared-at.ts";

const migration = (name: string, text: string): MigrationFile => ({
  path: `migrations/${name}.sql`,
  name,
  text,
  checksum: "",
  language: "sql",
  directives: { needs: [], retract: [], noTransaction: false },
});

const repeatable = (path: string, text: string): RepeatableFile => ({
  path,
  text,
  checksum: "",
  folder: path.split("/")[0] as RepeatableFile["folder"],
});

const FILES: ProjectFiles = {
  migrations: [
    migration(
      "0001_first",
      `-- Up Migration
create schema api;
create extension pg_trgm;
create role visitor;
create type api."Mood" as enum ('gut', 'schön');
create table api.notes (
  id bigint primary key,
  body text constraint body_short check (length(body) < 9),
  constraint id_positive check (id > 0)
);
alter table api.notes add column mood api."Mood", add constraint mood_set check (mood is not null);
create index notes_body_idx on api.notes (body);
create table loose (id int);
alter default privileges grant select on tables to reader;
grant usage on schema api to visitor;
grant select on all tables in schema api to visitor;
create function api.f(a bigint, b text[], out c int) language sql as 'select 1';
create function api.f(a timestamptz, b api."Mood" default 'gut') returns int language sql as 'select 1';
-- Down Migration
create table api.only_down (id int);`,
    ),
    migration("0002_second", `create policy p on api.notes for select using (true);\ncreate sequence api.numbers;`),
  ],
  repeatables: [
    repeatable("functions/api/t.sql", `create function api.t() returns trigger language plpgsql as 'begin end';`),
    repeatable(
      "policies/api/notes.sql",
      `/* ü€ */ alter table api.notes enable row level security;
create policy p on api.notes for select using (true);
grant select, update (body, id) on api.notes to visitor;
grant all on api.notes to boss;
grant execute on function api.t() to public;`,
    ),
    repeatable("views/api/broken.sql", "create view api.broken as select from where"),
    repeatable("views/api/v.sql", "create view api.v as select 1 as one;"),
  ],
};

describe("where something is declared", () => {
  let find: FindDeclaration;
  beforeAll(async () => {
    find = await readDeclarations(FILES);
  });

  const notes = { kind: "relation", schema: "api", name: "notes" } as const;
  const of = (kind: "column" | "policy" | "trigger" | "constraint", name: string): Subject => ({
    kind,
    schema: "api",
    relation: "notes",
    name,
  });
  const f = (...types: string[]): Subject => ({ kind: "function", schema: "api", name: "f", arguments: types });
  const grant = (privilege: string, grantee: string, column?: string): Subject => ({
    kind: "grant",
    on: notes,
    privilege,
    grantee,
    column,
  });

  test.each<[string, Subject, string | undefined]>([
    ["a schema", { kind: "schema", name: "api" }, "migrations/0001_first.sql:2:1"],
    ["an extension", { kind: "extension", name: "pg_trgm" }, "migrations/0001_first.sql:3:1"],
    ["a role", { kind: "role", name: "visitor" }, "migrations/0001_first.sql:4:1"],
    ["a type in mixed case", { kind: "type", schema: "api", name: "Mood" }, "migrations/0001_first.sql:5:1"],
    ["a table", notes, "migrations/0001_first.sql:6:1"],
    ["a column", of("column", "body"), "migrations/0001_first.sql:8:3"],
    ["a column's constraint", of("constraint", "body_short"), "migrations/0001_first.sql:8:13"],
    ["a table's constraint", of("constraint", "id_positive"), "migrations/0001_first.sql:9:3"],
    ["a constraint without a name: its table", of("constraint", "notes_pkey"), "migrations/0001_first.sql:6:1"],
    ["an added column", of("column", "mood"), "migrations/0001_first.sql:11:34"],
    ["an added constraint", of("constraint", "mood_set"), "migrations/0001_first.sql:11:55"],
    ["an index", { kind: "index", schema: "api", name: "notes_body_idx" }, "migrations/0001_first.sql:12:1"],
    ["an unqualified table", { kind: "relation", schema: "any", name: "loose" }, "migrations/0001_first.sql:13:1"],
    ["an overload", f("bigint", "text[]"), "migrations/0001_first.sql:17:1"],
    ["the other overload", f("timestamp with time zone", 'api."Mood"'), "migrations/0001_first.sql:18:1"],
    ["no such overload", f("text"), undefined],
    ["any overload: the last", { kind: "function", schema: "api", name: "f" }, "migrations/0001_first.sql:18:1"],
    ["a down part declares nothing", { kind: "relation", schema: "api", name: "only_down" }, undefined],
    ["a sequence", { kind: "relation", schema: "api", name: "numbers" }, "migrations/0002_second.sql:2:1"],
    ["a policy: the last one of the name", of("policy", "p"), "policies/api/notes.sql:2:1"],
    ["no such policy", of("policy", "q"), undefined],
    ["a view", { kind: "relation", schema: "api", name: "v" }, "views/api/v.sql:1:1"],
    ["a file that does not parse", { kind: "relation", schema: "api", name: "broken" }, undefined],
    [
      "row level security, past letters of several bytes",
      { kind: "row-security", schema: "api", relation: "notes" },
      "policies/api/notes.sql:1:10",
    ],
    ["a grant", grant("SELECT", "visitor"), "policies/api/notes.sql:3:1"],
    ["a column's grant", grant("update", "visitor", "body"), "policies/api/notes.sql:3:1"],
    ["a grant of all", grant("delete", "boss"), "policies/api/notes.sql:4:1"],
    ["a grant by default", grant("select", "reader"), "migrations/0001_first.sql:14:1"],
    ["a grant nobody wrote: the object", grant("delete", "visitor"), "migrations/0001_first.sql:6:1"],
    [
      "a grant on a schema",
      { kind: "grant", on: { kind: "schema", name: "api" }, privilege: "usage", grantee: "visitor" },
      "migrations/0001_first.sql:15:1",
    ],
    [
      "a grant on all of a schema",
      {
        kind: "grant",
        on: { kind: "relation", schema: "api", name: "v" },
        privilege: "select",
        grantee: "visitor",
      },
      "migrations/0001_first.sql:16:1",
    ],
    [
      "a function's grant to everybody",
      { kind: "grant", on: { kind: "function", schema: "api", name: "t" }, privilege: "execute", grantee: "PUBLIC" },
      "policies/api/notes.sql:5:1",
    ],
  ])("%s", (_, subject, expected) => {
    const place = find(subject);
    expect(place && `${place.file}:${String(place.line)}:${String(place.column)}`).toBe(expected);
  });
});
