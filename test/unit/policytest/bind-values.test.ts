import { expect, test } from "vitest";
import { bindValues, type Value } from "../../../src/policytest/bind-values.ts";

test.each<[string, Value[], string]>([
  ["select $1", ["it's"], "select 'it''s'"],
  ["select $1::int, $2", [5, null], "select '5'::int, null"],
  ["select $2, $1, $2", [true, 7n], "select '7', 'true', '7'"],
  ["select $1", [String.raw`a\b`], String.raw`select e'a\\b'`],
  ["select $1", [{ a: [1, "x"] }], `select '{"a":[1,"x"]}'`],
  ["select $1", [["a", 'b"c', null, "d,e"]], String.raw`select e'{"a","b\\"c",null,"d,e"}'`],
  ["select $1", [[[1, 2], [3]]], `select '{{"1","2"},{"3"}}'`],
  ["select $1", [new Date("2030-01-02T03:04:05Z")], "select '2030-01-02T03:04:05.000Z'"],
  [
    "select '$1', \"$1\", $$ $1 $$, $x$ $1 $x$ -- $1\n, a$1, $1 /* $1 */",
    ["v"],
    "select '$1', \"$1\", $$ $1 $$, $x$ $1 $x$ -- $1\n, a$1, 'v' /* $1 */",
  ],
  ["select $10", ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"], "select 'j'"],
])("%s", (sql, values, bound) => {
  expect(bindValues(sql, values)).toBe(bound);
});

test("a place without a value is a mistake", () => {
  expect(() => bindValues("select $2", ["a"])).toThrow("$2 has no value: 1 given");
});
