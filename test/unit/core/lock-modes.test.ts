import { expect, test } from "vitest";
import { isAtLeast, lockModeOf, parseLockLimit } from "../../../src/core/lock-modes.ts";

test.each([
  ["access-exclusive:50ms", { mode: "access-exclusive", ms: 50 }],
  ["share:2s", { mode: "share", ms: 2000 }],
  ["row-exclusive:0", { mode: "row-exclusive", ms: 0 }],
])("%s is a limit", (text, limit) => expect(parseLockLimit(text)).toEqual(limit));

test.each(["", "access-exclusive", "exclusive:fast", "everything:5ms", "share:-1ms", "share:1m"])(
  "%j is none",
  (text) => expect(parseLockLimit(text)).toBeUndefined(),
);

test("modes have PostgreSQL's names and order", () => {
  expect(lockModeOf("ShareUpdateExclusiveLock")).toBe("share-update-exclusive");
  expect(lockModeOf("SIReadLock")).toBeUndefined();
  expect(isAtLeast("access-exclusive", "share")).toBe(true);
  expect(isAtLeast("row-exclusive", "share")).toBe(false);
});
