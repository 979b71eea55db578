import { expect, test } from "vitest";
import { type CopyValue, copyLine } from "../../../src/db/copy-rows.ts";

test.each<[CopyValue, string]>([
  [null, "\\N"],
  ["\\N", "\\\\N"],
  ["", ""],
  ["a\tb\nc\rd\\e", "a\\tb\\nc\\rd\\\\e"],
  [true, "true"],
  [12.5, "12.5"],
  [9_007_199_254_740_993n, "9007199254740993"],
  [new Date("2026-01-31T12:00:00+02:00"), "2026-01-31T10:00:00.000Z"],
  [{ text: "two\nlines", list: ["\\"] }, '{"text":"two\\\\nlines","list":["\\\\\\\\"]}'],
])("%s is written as COPY reads it", (value, text) => {
  expect(copyLine([1, value])).toBe(`1\t${text}\n`);
});
