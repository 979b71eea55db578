import { beforeAll, describe, expect, test } from "vitest";
import { loadSqlParser, parseSql } from "../../../src/deploy/parse-sql.ts";
import {
  checkMigrationStatement,
  checkStatement,
  type OwnRule,
  protectedTable,
  RULES,
} from "../../../src/lint/rules.ts";

beforeAll(loadSqlParser);

function rulesOf(sql: string): string[] {
  const statements = parseSql({ path: "policies/api/tasks.sql", text: sql });
  const protectedTables = new Set(statements.flatMap(({ node }) => protectedTable(node) ?? []));
  const context = { exposedSchemas: ["api"], protectedTables };
  return statements.flatMap((statement) => checkStatement(statement, context)).map(({ rule }) => rule);
}

const ENABLE = "alter table api.tasks enable row level security;";
const FUNCTION = "create function auth.f() returns int language sql";

/** For each rule what breaks it, and what looks alike and does not. */
const CASES: Readonly<Record<OwnRule, { readonly fires: readonly string[]; readonly quiet: readonly string[] }>> = {
  "definer-search-path": {
    fires: [
      `${FUNCTION} security definer as 'select 1'`,
      `${FUNCTION} security definer set work_mem = '1MB' as 'select 1'`,
    ],
    quiet: [
      `${FUNCTION} as 'select 1'`,
      `${FUNCTION} security invoker as 'select 1'`,
      `${FUNCTION} security definer set search_path = '' as 'select 1'`,
      `${FUNCTION} set Search_Path to pg_catalog security definer as 'select 1'`,
      `${FUNCTION} security definer set search_path from current as 'select 1'`,
    ],
  },
  "policy-for-all": {
    fires: [
      `${ENABLE} create policy p on api.tasks to u using (a)`,
      `${ENABLE} create policy p on api.tasks for all to u using (a)`,
    ],
    quiet: [
      `${ENABLE} create policy p on api.tasks for delete to u using (a)`,
      `${ENABLE} create policy p on api.tasks as restrictive to u using (a)`,
    ],
  },
  "policy-to-public": {
    fires: [
      `${ENABLE} create policy p on api.tasks for select using (a)`,
      `${ENABLE} create policy p on api.tasks for select to u, public using (a)`,
    ],
    quiet: [
      `${ENABLE} create policy p on api.tasks for select to "public_reader" using (a)`,
      `${ENABLE} create policy p on api.tasks as restrictive for select to public using (a)`,
    ],
  },
  "policy-update-check": {
    fires: [`${ENABLE} create policy p on api.tasks for update to u using (a)`],
    quiet: [
      `${ENABLE} create policy p on api.tasks for update to u using (a) with check (a)`,
      `${ENABLE} create policy p on api.tasks for select to u using (a)`,
    ],
  },
  "policy-per-row-call": {
    fires: [
      `${ENABLE} create policy p on api.tasks for select to u using (owner = auth.user_id())`,
      `${ENABLE} create policy p on api.tasks for insert to u with check (owner = auth.user_id())`,
      `${ENABLE} create policy p on api.tasks for select to u using (owner = current_setting('x')::int)`,
      `${ENABLE} create policy p on api.tasks for select to u using (a or (b and owner = any (auth.ids('admin'))))`,
    ],
    quiet: [
      `${ENABLE} create policy p on api.tasks for select to u using (owner = (select auth.user_id()))`,
      `${ENABLE} create policy p on api.tasks for select to u using (auth.may_see(id))`,
      `${ENABLE} create policy p on api.tasks for select to u using (at < now() and lower(a) = 'x')`,
      `${ENABLE} create policy p on api.tasks for select to u using (owner = any ((select auth.ids())::bigint[]))`,
    ],
  },
  "policy-without-rls": {
    fires: [
      "create policy p on api.tasks for select to u using (a)",
      "alter table api.other enable row level security; create policy p on api.tasks for select to u using (a)",
      "alter table api.tasks force row level security; create policy p on api.tasks for select to u using (a)",
    ],
    quiet: [`${ENABLE} create policy p on api.tasks for select to u using (a)`],
  },
  "view-security-invoker": {
    fires: [
      "create view api.v as select 1 as a",
      "create view api.v with (security_barrier) as select 1 as a",
      "create view api.v with (security_invoker = false) as select 1 as a",
      "create or replace view api.v with (security_invoker = 0) as select 1 as a",
    ],
    quiet: [
      "create view internal.v as select 1 as a",
      "create view api.v with (security_invoker) as select 1 as a",
      "create view api.v with (security_invoker = true) as select 1 as a",
      "create view api.v with (security_barrier, security_invoker = on) as select 1 as a",
      "create view api.v with (security_invoker = 1) as select 1 as a",
      "create view api.v with (security_invoker = 'yes') as select 1 as a",
    ],
  },
};

describe.each(Object.keys(RULES) as OwnRule[])("%s", (rule) => {
  test.each(CASES[rule].fires)("fires: %s", (sql) => expect(rulesOf(sql)).toEqual([rule]));
  test.each(CASES[rule].quiet)("is quiet: %s", (sql) => expect(rulesOf(sql)).toEqual([]));
});

test("a policy that breaks several rules is told of each", () => {
  expect(rulesOf("create policy p on api.tasks using (auth.f() = a)")).toEqual([
    "policy-for-all",
    "policy-to-public",
    "policy-per-row-call",
    "policy-without-rls",
  ]);
});

test.each([
  ["grant execute on all functions in schema api to u", 1],
  ["revoke all on all routines in schema api, auth from public", 1],
  ["grant execute on function api.f() to u", 0],
  ["grant select on all tables in schema api to u", 0],
  ["alter default privileges in schema api grant execute on functions to u", 0],
])("a migration's grant on all functions is told where it belongs: %s", (sql, count) => {
  const found = parseSql({ path: "migrations/0001_a.sql", text: sql }).flatMap(checkMigrationStatement);
  expect(found.map(({ rule }) => rule)).toEqual(Array<string>(count).fill("grant-on-all-functions"));
});
