import { expect, test } from "vitest";
import { brokenNames } from "../../../src/deploy/broken-names.ts";

test.each<[sql: string, names: readonly string[]]>([
  ["create table api.t (id int);", []],
  ["alter table api.t add c int;\nalter table api.t rename column a to c;", ["t", "a", "c"]],
  ['alter table "api"."T x" drop column if exists "Old" cascade;', ["t x", "old"]],
  ["alter table api.t alter column n type text using n::text;", ["t", "n", "text"]],
  ["alter table api.t set schema priv;", ["t", "priv"]],
  ["-- drop it\nselect 'drop table a';", []],
])("%j breaks %j", (sql, names) => {
  expect(brokenNames(sql)).toEqual(names);
});
