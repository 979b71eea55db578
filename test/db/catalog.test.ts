import { expect, test } from "vitest";
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
alter default privileges revoke execute on functions from public;`;

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
])("a difference in %s is noticed", async (_what, damage) => {
  const project = await engineProject();
  await project.query(BASE);
  const before = await project.catalog();
  expect(await compareCatalogs(before, await project.catalog())).toEqual([]);
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
