import { expect, onTestFinished, test } from "vitest";
import { compareCatalogs } from "../../src/schema/catalog.ts";
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
