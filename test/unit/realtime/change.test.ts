import { describe, expect, test } from "vitest";
import { keyJson, keyOf, type KnownChannel, parseChange } from "../../../src/realtime/change.ts";

const TASKS: KnownChannel = {
  channel: "task_changes",
  relation: { schema: "api", name: "task_details" },
  key: "id",
  columns: undefined,
  parent: { relation: { schema: "api", name: "projects" }, key: "id", column: "project_id" },
  number: 0,
  keyType: "bigint",
  parentType: "bigint",
};

describe("a message", () => {
  test("names an operation and a key; of a DELETE its parent too", () => {
    const change = { channel: "task_changes", key: "7", operation: "UPDATE", parent: undefined };
    expect(parseChange(TASKS, '{"operation":"UPDATE","id":7,"project_id":3}')).toEqual({ kind: "change", change });
    expect(parseChange(TASKS, '{"operation":"UPDATE","id":"7"}')).toEqual({ kind: "change", change });
    expect(parseChange(TASKS, '{"operation":"DELETE","id":7,"project_id":3}')).toEqual({
      kind: "change",
      change: { ...change, operation: "DELETE", parent: "3" },
    });
    expect(parseChange(TASKS, '{"operation":"DELETE","id":7,"project_id":"x"}')).toEqual({
      kind: "change",
      change: { ...change, operation: "DELETE" },
    });
  });

  test("that says TRUNCATE means everything, and any other is unreadable", () => {
    expect(parseChange(TASKS, '{"operation":"TRUNCATE"}')).toEqual({ kind: "everything" });
    for (const payload of ["", "7", "null", '{"id":7}', '{"operation":"UPDATE"}', '{"operation":"update","id":7}']) {
      expect([payload, parseChange(TASKS, payload).kind]).toEqual([payload, "unreadable"]);
    }
  });
});

describe("a key", () => {
  test.each([
    ["bigint", 7, "7"],
    ["bigint", "-9223372036854775808", "-9223372036854775808"],
    ["bigint", "9223372036854775808", undefined],
    ["bigint", 2 ** 53, undefined],
    ["bigint", 1.5, undefined],
    ["bigint", "1e3", undefined],
    ["bigint", "007", undefined],
    ["bigint", " 7", undefined],
    ["bigint", "{7,8}", undefined],
    ["bigint", true, undefined],
    ["integer", 2_147_483_647, "2147483647"],
    ["integer", 2_147_483_648, undefined],
    ["smallint", -32_768, "-32768"],
    ["smallint", 32_768, undefined],
    ["uuid", "AAAAAAAA-bbbb-4ccc-8ddd-eeeeeeeeeeee", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"],
    ["uuid", "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'", undefined],
    ["text", 'any "text"', 'any "text"'],
    ["text", "", ""],
    ["character varying", "a\0b", undefined],
    ["text", null, undefined],
    ["text", ["a"], undefined],
  ] as const)("of type %s is made of %j as %j", (type, value, key) => {
    expect(keyOf(value, type)).toBe(key);
  });

  test("is in messages what it is in records: a number or a text", () => {
    expect(keyJson("9223372036854775807", "bigint")).toBe("9223372036854775807");
    expect(keyJson('a"b', "text")).toBe('"a\\"b"');
  });
});
