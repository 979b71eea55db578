import { expect, test } from "vitest";
import { forBuild, withoutConcurrently } from "../../../src/deploy/build.ts";

test("roles that the server has are not made again; others are, and nothing moves", async () => {
  const sql = "create role a nologin; -- create role a\ncreate role b;\nselect 'create role a';";
  const result = await forBuild(sql, new Set(["a"]));
  expect(result).toBe(
    `${" ".repeat("create role a nologin".length)}; -- create role a\ncreate role b;\nselect 'create role a';`,
  );
});

test("an index is built as in a transaction, and a text that speaks of it is left alone", () => {
  const sql = "create index concurrently on a.t (b); comment on table a.t is 'concurrently'";
  expect(withoutConcurrently(sql)).toBe("create index              on a.t (b); comment on table a.t is 'concurrently'");
});
