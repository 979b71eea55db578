import { expect, test } from "vitest";
import { jsonMembers, objectOfMembers } from "../../../src/core/json-members.ts";

test("the members of an object are told apart, and their values stand as they were written", () => {
  const text = `{ "a" : 9007199254740993 , "b":{"a":[1,{"c":"}"}], "d":{}},"c" : "x,\\"y\\":[{" ,
    "\\u0064\\"" : [ ], "__proto__":null, "": -1.50e+3 }`;
  expect([...jsonMembers(text)]).toEqual([
    ["a", "9007199254740993"],
    ["b", '{"a":[1,{"c":"}"}], "d":{}}'],
    ["c", String.raw`"x,\"y\":[{"`],
    ['d"', "[ ]"],
    ["__proto__", "null"],
    ["", "-1.50e+3"],
  ]);
  expect([...jsonMembers(" { } ")]).toEqual([]);
});

test("of two members with one name it is the second, as for JSON.parse", () => {
  const text = '{"a":1,"b":{"a":2},"\\u0061":3}';
  expect(JSON.parse(objectOfMembers(jsonMembers(text)))).toEqual(JSON.parse(text));
  expect(jsonMembers(text).get("a")).toBe("3");
});

test("what is put together again means the same", () => {
  const values: unknown[] = [
    {},
    { 'a"\\': "\u0000\ud800{}[]:,\\" },
    { a: [{ b: [[]] }, "]"], c: { d: { e: "}" } }, f: true },
  ];
  for (const value of values) {
    for (const space of [0, 2]) {
      expect(JSON.parse(objectOfMembers(jsonMembers(JSON.stringify(value, null, space))))).toEqual(value);
    }
  }
});
