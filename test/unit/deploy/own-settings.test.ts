import { expect, test } from "vitest";
import { settingsOf, framed } from "../../../src/deploy/own-settings.ts";

test.each<[sql: string, expected: readonly string[] | "any"]>([
  ["create table a (id bigint);", []],
  ["update a\nset b = 1; alter table a add foreign key (b) references c on delete\nset null;", []],
  ["create function f() returns int language sql set search_path = '' as $$ select set_config('a', 'b', true) $$;", []],
  ["comment on table a is 'set search_path = b';", []],
  ["set app.user = 'x'; set local app.two.three to 1;", []],
  [
    "set local lock_timeout = '2s';\n-- x\nSET statement_timeout TO 0; set lock_timeout = 1;",
    ["lock_timeout", "statement_timeout"],
  ],
  ["set search_path = a; set role b;", "any"],
  ["set time zone 'UTC';", "any"],
  ["reset search_path;", "any"],
  ["discard all;", "any"],
  ["select pg_catalog.set_config('search_path', '', false);", "any"],
  ["do $$ begin set local search_path = a; end $$;", "any"],
  ['set "search_path" = a;', "any"],
  ["do $$ begin execute 'set search_path = a'; end $$;", "any"],
  ["do $$ begin execute format('alter role %I set %I = %L', 'a', 'b', 'c'); end $$;", []],
  ["set temp_buffers = '64MB';", []],
])("%j sets %j", (sql, expected) => {
  expect(settingsOf(sql)).toEqual(expected);
});

test("a place in a migration stays where it was in its file", () => {
  const text = "set lock_timeout = 1; select 1";
  const { part, insertions = [] } = framed(
    { path: "a.sql", text, part: { sql: text, offset: 0 } },
    { settings: "{}", mayDefer: true },
  );
  const [first] = insertions;
  expect(part.sql.slice(first?.at, (first?.at ?? 0) + text.length)).toBe(text);
  expect(first?.at).toBe(first?.length);
});
