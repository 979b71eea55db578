import { describe, expect, test } from "vitest";
import type { Change, KnownChannel, Operation } from "../../../src/realtime/change.ts";
import { RowMemory } from "../../../src/realtime/row-memory.ts";
import { parentOf, type Sight, tidingsOf } from "../../../src/realtime/tidings.ts";
import { CHANNEL } from "./channel.ts";

const CHILD: KnownChannel = {
  ...CHANNEL,
  parent: { relation: { schema: "api", name: "parents" }, key: "id", column: "parent_id" },
  parentType: "bigint",
};

function change(operation: Operation, parent?: string): Change {
  return { channel: "c", key: "1", operation, parent };
}

const NOTHING: Sight = { records: new Map(), parents: new Set() };
const ROW: Sight = { records: new Map([["1", { record: '{"id":1}', parent: "9" }]]), parents: new Set() };

/** The type of what is told of a change, and the operation. */
function told(given: {
  channel?: KnownChannel;
  operation: Operation;
  sight: Sight;
  /** The parent that the row had when it was sent. */
  sent?: string;
  parent?: string;
}): string | undefined {
  const { channel = CHILD, operation, sight, sent, parent } = given;
  const memory = new RowMemory(10);
  if (sent !== undefined) memory.keep("c", "1", sent);
  const message = tidingsOf({ channel, change: change(operation, parent), sight, memory });
  if (message === undefined) return undefined;
  const { type, operation: said } = JSON.parse(message) as { type: string; operation?: string };
  return said === undefined ? type : `${type} ${said}`;
}

const seeing = (...parents: string[]): Sight => ({ records: new Map(), parents: new Set(parents) });

describe("what is told of a change", () => {
  test("is the record, to who sees it", () => {
    expect(told({ operation: "INSERT", sight: ROW })).toBe("change INSERT");
    expect(told({ operation: "UPDATE", sight: ROW })).toBe("change UPDATE");
    // Its key was given to another row, or the message lies.
    expect(told({ operation: "DELETE", sight: ROW })).toBe("change UPDATE");
  });

  test("is that the row is gone, to who sees the parent that it had", () => {
    expect(told({ operation: "DELETE", parent: "9", sight: seeing("9") })).toBe("gone");
    expect(told({ operation: "DELETE", sent: "9", sight: seeing("9") })).toBe("gone");
    expect(told({ operation: "UPDATE", sent: "9", sight: seeing("9") })).toBe("gone");
    expect(told({ channel: CHANNEL, operation: "DELETE", sent: "", sight: NOTHING })).toBe("gone");
    expect(told({ channel: CHANNEL, operation: "UPDATE", sent: "", sight: NOTHING })).toBe("gone");
  });

  test("is nothing, to who does not see that parent, or never knew the row", () => {
    expect(told({ operation: "DELETE", parent: "9", sight: NOTHING })).toBeUndefined();
    expect(told({ operation: "DELETE", parent: "9", sent: "8", sight: seeing("8") })).toBeUndefined();
    expect(told({ operation: "UPDATE", sent: "9", sight: seeing("8") })).toBeUndefined();
    expect(told({ operation: "UPDATE", sight: seeing("9") })).toBeUndefined();
    expect(told({ operation: "INSERT", sight: seeing("9") })).toBeUndefined();
    expect(told({ operation: "DELETE", sight: seeing("9") })).toBeUndefined();
    expect(told({ channel: CHANNEL, operation: "DELETE", sight: NOTHING })).toBeUndefined();
  });
});

test("that a row is gone is told once", () => {
  const memory = new RowMemory(10);
  const given = { channel: CHANNEL, change: change("UPDATE"), memory };
  expect(tidingsOf({ ...given, sight: ROW })).toContain('"record":{"id":1}');
  expect(tidingsOf({ ...given, sight: NOTHING })).toBe('{"type":"gone","channel":"c","id":1}');
  expect(tidingsOf({ ...given, sight: NOTHING })).toBeUndefined();
});

test("memory is of the latest rows, and says the parent that each had", () => {
  const memory = new RowMemory(2);
  for (const key of ["1", "2", "1", "3"]) memory.keep("c", key, `p${key}`);
  expect(["1", "2", "3"].map((key) => memory.has("c", key))).toEqual([true, false, true]);
  expect(parentOf({ ...change("UPDATE"), key: "3" }, memory)).toBe("p3");
  expect(parentOf({ ...change("UPDATE"), key: "2" }, memory)).toBeUndefined();
});
