import { getActions } from "node-pg-migrate/sqlMigration";
import { describe, expect, test } from "vitest";
import { findTransactionControl, onlyPart, splitMigration } from "../../../src/deploy/migration-sql.ts";

const FORMS = [
  "create table a ();",
  "-- Up Migration\ncreate table a ();\n-- Down Migration\ndrop table a;\n",
  "-- Down Migration\ndrop table a;\n-- Up Migration\ncreate table a ();\n",
  "--up migration\ncreate table a ();\n  -- -- DOWN   migration, with words\ndrop table a;",
];

describe("splitting a migration", () => {
  test.each(FORMS)("agrees with node-pg-migrate about %j", (text) => {
    const collected: Record<string, string | undefined> = {};
    const { up, down } = getActions(text);
    const collect = (way: string) => ({ sql: (sql: string) => void (collected[way] = sql) }) as never;
    if (typeof up === "function") void up(collect("up"));
    if (typeof down === "function") void down(collect("down"));
    const split = splitMigration({ text });
    expect({ up: split.up.sql, down: split.down?.sql }).toEqual({ up: collected["up"], down: collected["down"] });
  });

  // node-pg-migrate would run such a file as a whole, its way back included.
  test("without an up marker, what stands before the down part goes up", () => {
    const { up, down } = splitMigration({ text: "create table a ();\n-- Down Migration\ndrop table a;" });
    expect([up.sql, down?.sql]).toEqual(["create table a ();\n", "-- Down Migration\ndrop table a;"]);
  });

  test("says where each part begins in the file", () => {
    const text = FORMS[1] ?? "";
    const { up, down } = splitMigration({ text });
    expect(text.slice(up.offset, up.offset + up.sql.length)).toBe(up.sql);
    expect(text.slice(down?.offset)).toBe(down?.sql);
  });
});

describe("transaction control", () => {
  test.each([
    ["commit", 0],
    ["select 1;\n  Rollback;", 12],
    ["-- note\nbegin;", 8],
    ["create function f() begin atomic select 1; end; abort;", 48],
    ["create procedure p() begin atomic end; commit;", 39],
    ["create procedure p() begin atomic /* nothing */ end;\nend;", 53],
  ])("is found in %j", (sql, at) => {
    expect(findTransactionControl(sql)).toBe(at);
  });

  test.each([
    "select 'commit;'",
    "do $$ begin commit; end $$",
    "create function f() returns int begin atomic select 1; select 2; end;",
    "create table commits (); -- commit;",
    "alter table a rename to ending;",
  ])("is not seen in %j", (sql) => {
    expect(findTransactionControl(sql)).toBeUndefined();
  });
});

test("what is left of a text stays where it was", () => {
  const text = "-- é\nup;\nmore;\ndown;\n";
  const kept = onlyPart(text, { sql: "up;\nmore;\n", offset: text.indexOf("up") });
  expect(kept).toBe("    \nup;\nmore;\n     \n");
});
