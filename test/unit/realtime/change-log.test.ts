import { describe, expect, test } from "vitest";
import type { Change, Operation } from "../../../src/realtime/change.ts";
import { ChangeLog } from "../../../src/realtime/change-log.ts";

function change(key: string, operation: Operation = "UPDATE", channel = "a"): Change {
  return { channel, key, operation, parent: undefined };
}

function logOf(changes: readonly Change[], capacity = 100): ChangeLog {
  const log = new ChangeLog(capacity);
  for (const each of changes) log.append(each);
  return log;
}

function read(log: ChangeLog, from = 0, { channels = ["a"], rows = 100 } = {}): unknown {
  const slice = log.read(from, channels, rows);
  if (slice.kind === "missed") return "missed";
  return [...slice.changes.map(({ key, operation }) => `${operation} ${key}`), slice.next];
}

describe("what is read of the log", () => {
  test("is each row once, where it changed last; new and then updated is new", () => {
    const log = logOf([
      change("1", "INSERT"),
      change("2"),
      change("1"),
      change("3", "INSERT"),
      change("3", "DELETE"),
      change("4", "DELETE"),
      change("4", "INSERT"),
    ]);
    expect(read(log)).toEqual(["UPDATE 2", "INSERT 1", "DELETE 3", "INSERT 4", 7]);
  });

  test("is of the channels that were asked for, from a place on, and ends before one row too many", () => {
    const log = logOf([change("1"), change("2", "UPDATE", "b"), change("1"), change("3"), change("1")]);
    expect(read(log, 0, { channels: ["b"] })).toEqual(["UPDATE 2", 5]);
    expect(read(log, 3)).toEqual(["UPDATE 3", "UPDATE 1", 5]);
    expect(read(log, 0, { rows: 1 })).toEqual(["UPDATE 1", 3]);
    expect(read(log, 3, { rows: 1 })).toEqual(["UPDATE 3", 4]);
    expect(read(log, 5)).toEqual([5]);
  });

  test("is nothing that came since it was read before", () => {
    const log = logOf([change("1")]);
    expect(read(log)).toEqual(["UPDATE 1", 1]);
    log.append(change("2"));
    expect(read(log)).toEqual(["UPDATE 1", "UPDATE 2", 2]);
  });

  test("is missed by who is further behind than the log is long", () => {
    const log = logOf(
      Array.from({ length: 20 }, (_, at) => change(String(at))),
      4,
    );
    expect(read(log, 0)).toBe("missed");
    expect(read(log, 18)).toEqual(["UPDATE 18", "UPDATE 19", 20]);
  });

  test("is missed by everybody once it was forgotten, also by who had read all", () => {
    const log = logOf([change("1")]);
    const { end } = log;
    log.forget();
    expect(read(log, 0)).toBe("missed");
    expect(read(log, end)).toBe("missed");
    expect(read(log, log.end)).toEqual([log.end]);
    log.append(change("2"));
    expect(read(log, log.end - 1)).toEqual(["UPDATE 2", log.end]);
  });
});
