import { expect, onTestFinished, test } from "vitest";
import { compareCatalogs } from "../../src/schema/catalog.ts";
import { planSql } from "../../src/schema/plan-sql.ts";
import { engineProject } from "./project.ts";

const BASE = `
create schema api;
create table api.t (id bigint primary key, note text default 'x', extra text);
create index t_extra_idx on api.t (extra);
comment on table api.t is 'a table';
create function api.f() returns trigger language plpgsql stable set search_path = '' as 'begin return null; end';
create trigger g after insert on api.t for each row execute function api.f();
create view api.v with (security_invoker = true) as select t.id from api.t as t;
alter table api.t enable row level security;
alter table api.t force row level security;
create policy p on api.t for select to pg_monitor using (id > 0);
grant select (id) on api.t to pg_monitor;
grant usage on schema api to pg_monitor;
alter default privileges revoke execute on functions from public;
create index t_lower_idx on api.t (lower(extra));
create sequence api.q;
create operator api.=#= (leftarg = text, rightarg = text, function = pg_catalog.texteq);
create text search configuration api.words (copy = pg_catalog.english);
create statistics api.x (dependencies) on note, extra from api.t;
create type api.c as (a int);
create cast (api.c as text) with inout;
create collation api.german (provider = icu, locale = 'de-DE');
create publication api_p for table api.t;
create materialized view api.m as select t.id from api.t as t;
create table api.parted (d timestamptz default now(), n int not null, b int) partition by range (n);
create table api.p1 partition of api.parted for values from (0) to (9);
create trigger h after insert on api.parted for each row execute function api.f();
create index parted_b_idx on api.parted (b);
create table api.parent (a int default 1, b int, constraint parent_check check (a > 0));
create table api.child () inherits (api.parent);
create table api.i (id bigint generated always as identity primary key, v text);
create role catalog_limited; create role catalog_member; grant catalog_limited to catalog_member with inherit true;`;

function ofDatabase(statement: string): string {
  return `do $$ begin execute format('${statement}', current_database()); end $$`;
}

/** Each of these a `down` part may forget; a comparison that does not notice proves nothing. */
test.each([
  ["a policy", "drop policy p on api.t"],
  ["a policy's condition", "alter policy p on api.t using (id > 1)"],
  ["a policy's role", "alter policy p on api.t to public"],
  ["a column's grant", "revoke select (id) on api.t from pg_monitor"],
  ["a schema's grant", "revoke usage on schema api from pg_monitor"],
  ["a comment", "comment on table api.t is null"],
  ["a default", "alter table api.t alter column note drop default"],
  ["an index", "drop index api.t_extra_idx"],
  ["a trigger", "drop trigger g on api.t"],
  ["a disabled trigger", "alter table api.t disable trigger g"],
  ["a function's volatility", "alter function api.f() volatile"],
  ["a function's search_path", "alter function api.f() reset search_path"],
  ["a function's security", "alter function api.f() security definer"],
  ["a function's grant", "revoke execute on function api.f() from public"],
  ["a table's grant to everybody", "grant select on api.t to public"],
  ["security_invoker", "alter view api.v reset (security_invoker)"],
  ["row level security", "alter table api.t disable row level security"],
  ["forced row level security", "alter table api.t no force row level security"],
  ["default privileges", "alter default privileges grant execute on functions to public"],
  ["default privileges of a schema", "alter default privileges in schema api grant select on tables to pg_monitor"],
  [
    "an owner",
    "create role catalog_other; grant catalog_other to current_user with set true; grant create on schema api to catalog_other; alter table api.t owner to catalog_other",
  ],
  ["column statistics", "alter table api.t alter column extra set statistics 7"],
  ["column storage", "alter table api.t alter column extra set storage external"],
  ["extended statistics", "create statistics api.s (dependencies) on note, extra from api.t"],
  ["a text search configuration", "create text search configuration api.mine (copy = pg_catalog.english)"],
  ["an operator", "create operator api.=== (leftarg = text, rightarg = text, function = pg_catalog.texteq)"],
  [
    "a setting of the database",
    "do $$ begin execute format('alter database %I set work_mem = ''5MB''', current_database()); end $$",
  ],
  ["column compression", "alter table api.t alter column extra set compression pglz"],
  ["a column's options", "alter table api.t alter column extra set (n_distinct = 5)"],
  ["an index expression's statistics", "alter index api.t_lower_idx alter column 1 set statistics 7"],
  ["options of the TOAST table", "alter table api.t set (toast.autovacuum_enabled = false)"],
  ["the index that orders a table's rows", "alter table api.t cluster on t_pkey"],
  ["a sequence that is not logged", "alter sequence api.q set unlogged"],
  ["the default of a view's column", "alter view api.v alter column id set default 7"],
  ["an operator's estimate", "alter operator api.=#= (text, text) set (restrict = eqsel)"],
  ["a comment on an operator", "comment on operator api.=#= (text, text) is 'x'"],
  ["the mapping of a text search configuration", "alter text search configuration api.words drop mapping for word"],
  ["a comment on a text search configuration", "comment on text search configuration api.words is 'x'"],
  ["the target of extended statistics", "alter statistics api.x set statistics 5"],
  ["a comment on extended statistics", "comment on statistics api.x is 'x'"],
  ["a cast", "drop cast (api.c as text)"],
  ["a comment on a cast", "comment on cast (api.c as text) is 'x'"],
  ["a collation", "drop collation api.german"],
  ["a publication's table", "alter publication api_p drop table api.t"],
  ["a grant on the database", ofDatabase("grant create on database %I to pg_monitor")],
  ["a revoke on the database", ofDatabase("revoke temporary on database %I from public")],
  ["a comment on the database", ofDatabase("comment on database %I is $c$x$c$")],
  ["the database's connection limit", ofDatabase("alter database %I connection limit 5")],
  ["a role's connection limit", "alter role catalog_limited connection limit 3"],
  ["a comment on a role", "comment on role catalog_limited is 'x'"],
  ["a grant on a view's column", "grant update (id) on api.v to public"],
  ["a grant on a materialized view's column", "grant select (id) on api.m to pg_monitor"],
  ["a grant on a partition's column", "grant select (d) on api.p1 to pg_monitor"],
  ["a grant on an inherited column", "grant select (b) on api.child to pg_monitor"],
  ["a comment on a view's column", "comment on column api.v.id is 'x'"],
  ["a comment on a materialized view's column", "comment on column api.m.id is 'x'"],
  ["a comment on a partition's column", "comment on column api.p1.d is 'x'"],
  ["a comment on an inherited column", "comment on column api.child.a is 'x'"],
  ["a comment on an inherited constraint", "comment on constraint parent_check on api.child is 'x'"],
  ["a partition's default", "alter table api.p1 alter d set default '2020-01-01'"],
  ["the default of an inherited column", "alter table api.child alter a drop default"],
  ["an inherited column that is not null", "alter table api.child alter b set not null"],
  ["a trigger that is disabled on a partition", "alter table api.p1 disable trigger h"],
  ["a grant on the sequence of an identity column", "grant usage on sequence api.i_id_seq to pg_monitor"],
  ["what the owner may do with it", "revoke update on sequence api.i_id_seq from current_user"],
  ["a comment on the sequence of an identity column", "comment on sequence api.i_id_seq is 'x'"],
  ["a comment on an attribute of a type", "comment on column api.c.a is 'x'"],
  ["a comment on the index of a constraint", "comment on index api.t_pkey is 'x'"],
  ["a comment on the index of a partition", "comment on index api.p1_b_idx is 'x'"],
  ["an option of a membership", "grant catalog_limited to catalog_member with inherit false"],
])("a difference in %s is noticed", async (_what, damage) => {
  const project = await engineProject();
  await project.query(BASE);
  const before = await project.catalog();
  expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
  onTestFinished(async () => {
    await project.query("drop role if exists catalog_limited, catalog_member");
  });
  const role = damage.startsWith("create role");
  try {
    await project.query(damage);
    expect(await compareCatalogs(before, await project.catalog())).not.toEqual([]);
  } finally {
    if (role)
      await project.query(
        "reassign owned by catalog_other to current_user; drop owned by catalog_other; drop role catalog_other",
      );
  }
});

/** What a person reads of it. */
test.each([
  ["grant update (id) on api.v to public", "extra privileges of PUBLIC on column id of view api.v"],
  ["grant select (d) on api.p1 to pg_monitor", "extra privileges of pg_monitor on column d of table api.p1"],
  ["comment on column api.v.id is 'x'", "extra comment on column api.v.id"],
  ["alter table api.p1 alter d set default '2020-01-01'", "extra default of column api.p1.d"],
  ["alter table api.child alter a drop default", "extra dropped default of column api.child.a"],
  ["alter table api.child alter b set not null", "extra not null of column api.child.b"],
  ["grant usage on sequence api.i_id_seq to pg_monitor", "extra privileges of pg_monitor on sequence api.i_id_seq"],
  ["comment on sequence api.i_id_seq is 'x'", "extra comment on sequence api.i_id_seq"],
  ["alter table api.p1 disable trigger h", "extra state of trigger h on api.p1"],
  ["comment on column api.c.a is 'x'", "extra comment on attribute a of type api.c"],
  ["comment on index api.t_pkey is 'x'", "extra comment on index api.t_pkey"],
])("%s is named, and the SQL takes it back and brings it again", async (damage, words) => {
  const project = await engineProject();
  await project.query(BASE);
  onTestFinished(async () => {
    await project.query("drop role if exists catalog_limited, catalog_member");
  });
  const before = await project.catalog();
  await project.query(damage);
  const after = await project.catalog();
  const differences = await compareCatalogs(before, after);
  expect(differences.map(({ kind, object }) => `${kind} ${object}`)).toEqual([words]);
  for (const [from, to] of [
    [after, before],
    [before, after],
  ] as const) {
    const { statements, leftOut } = await planSql(from, to, await compareCatalogs(to, from));
    expect(leftOut).toEqual([]);
    await project.query(statements.join("\n"));
    expect(await compareCatalogs(to, await project.catalog())).toEqual([]);
  }
});

test("of what is missing or too much, its columns, sequences and indexes are not told", async () => {
  const project = await engineProject();
  await project.query(`
    create schema api; create type api.kept as (a int); create table api.parent (a int);
    create table api."order" () inherits (api.parent)`);
  const before = await project.catalog();
  await project.query(`
    create schema more; create view more.v as select 1 as n; comment on column more.v.n is 'x';
    create view api."end" as select 1 as n; grant select (n) on api."end" to public;
    create table api.i (id int generated always as identity primary key);
    comment on sequence api.i_id_seq is 'x'; comment on index api.i_pkey is 'x';
    alter type api.kept add attribute b int; comment on column api.kept.b is 'x';
    alter table api.parent add b int;
    alter table api."order" alter b set default 1, alter b set not null;
    comment on column api."order".b is 'x'`);
  const found = await compareCatalogs(before, await project.catalog());
  expect(found.map(({ kind, object }) => `${kind} ${object}`)).toEqual([
    "extra attribute b of type api.kept",
    "extra column api.parent.b",
    'extra comment on column api."order".b',
    'extra default of column api."order".b',
    'extra not null of column api."order".b',
    "extra schema more",
    "extra table api.i",
    "extra view api.end",
  ]);
});

test("a default that all partitions inherit is told once, and taken back everywhere", async () => {
  const project = await engineProject();
  await project.query(`
    create schema api; create table api.p (n int, d int default 1) partition by list (n);
    create table api.p1 partition of api.p default`);
  const before = await project.catalog();
  await project.query("alter table api.p alter d set default 2");
  expect(await compareCatalogs(before, await project.catalog())).toMatchObject([
    { object: "default of column api.p.d" },
  ]);
  await project.query("alter table api.p1 alter d set default 3");
  const after = await project.catalog();
  const differences = await compareCatalogs(before, after);
  expect(differences).toHaveLength(2);
  await project.query((await planSql(after, before, differences)).statements.join("\n"));
  expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
});

test("a view that is made anew keeps what is said of its columns", async () => {
  const project = await engineProject();
  await project.query(`
    create schema api; create view api.v as select 1 as n; comment on column api.v.n is 'x';
    grant select (n) on api.v to pg_monitor`);
  const before = await project.catalog();
  await project.query(`
    drop view api.v; create view api.v as select 'a'::text as n; comment on column api.v.n is 'x';
    grant select (n) on api.v to pg_monitor`);
  const after = await project.catalog();
  const { statements } = await planSql(after, before, await compareCatalogs(before, after));
  await project.query(statements.join("\n"));
  expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
});

/** Since PostgreSQL 18 NOT NULL is a constraint. */
const NOT_NULL = `
create schema api; create table api.t (v text, w text);
alter table api.t add constraint v_nn not null v not valid`;

test.each([
  ["validated", "alter table api.t validate constraint v_nn", "v_nn, not valid → v_nn"],
  ["renamed", "alter table api.t rename constraint v_nn to v_set", "v_nn, not valid → v_set, not valid"],
  ["commented on", "comment on constraint v_nn on api.t is 'x'", "v_nn, not valid → v_nn, not valid, comment x"],
  [
    "not inherited any more",
    "alter table api.t alter constraint v_nn no inherit",
    "v_nn, not valid → v_nn, not valid, no inherit",
  ],
])("a NOT NULL constraint that is %s is another", async (_what, damage, detail) => {
  const project = await engineProject();
  await project.query(NOT_NULL);
  const before = await project.catalog();
  await project.query(damage);
  const after = await project.catalog();
  const object = "not null constraint of column api.t.v";
  const differences = await compareCatalogs(before, after);
  expect(differences).toEqual([{ kind: "different", object, detail }]);
  expect(await planSql(after, before, differences)).toEqual({ statements: [], leftOut: [object] });
});

test("names that PostgreSQL gives to NOT NULL constraints make no difference", async () => {
  const project = await engineProject();
  await project.query("create schema api; create table api.t (v text not null, w text)");
  const before = await project.catalog();
  await project.query(`
    alter table api.t rename to u; alter table api.u rename v to x; alter table api.u alter x drop not null;
    alter table api.u alter x set not null; alter table api.u rename x to v; alter table api.u rename to t`);
  expect(await project.query("select conname from pg_constraint where conrelid = 'api.t'::regclass")).toEqual([
    { conname: "u_x_not_null" },
  ]);
  expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
});
