import { expect, test } from "vitest";
import { compareSum, formatSum } from "../../../src/core/migration-sum.ts";

const file = (name: string, digit: string) => ({ name, checksum: digit.repeat(64) });
const FILES = [file("0001_a.sql", "a"), file("0002 b.ts", "b"), file("0003_c.sql", "c")];
const SAME = { added: [], changed: [], removed: [] };

test("what was written is what is there", () => {
  expect(compareSum(formatSum(FILES), FILES)).toEqual(SAME);
  expect(compareSum(formatSum(FILES).replaceAll("\n", "\r\n"), FILES)).toEqual(SAME);
  expect(compareSum(formatSum([]), [])).toEqual(SAME);
});

test("the newest migration is open to changes until another comes after it; the others are not", () => {
  const [first, second, third] = FILES as [(typeof FILES)[0], (typeof FILES)[0], (typeof FILES)[0]];
  expect(compareSum(formatSum(FILES), [first, second, file(third.name, "d")])).toEqual(SAME);
  expect(compareSum(formatSum(FILES), [first, file(second.name, "d"), third])).toEqual({
    ...SAME,
    changed: ["0002 b.ts"],
  });
});

test("what was added, removed and renamed is named", () => {
  const text = formatSum(FILES);
  expect(compareSum(text, [...FILES, file("0004_d.sql", "d")])).toEqual({ ...SAME, added: ["0004_d.sql"] });
  expect(compareSum(text, FILES.slice(1))).toEqual({ ...SAME, removed: ["0001_a.sql"] });
  expect(compareSum(text, [...FILES.slice(0, 2), file("0004_c.sql", "c")])).toEqual({
    ...SAME,
    added: ["0004_c.sql"],
    removed: ["0003_c.sql"],
  });
});

test.each([
  ["a conflict", "<<<<<<< HEAD\n0001_a.sql open\n=======\n0001_b.sql open\n>>>>>>> b\n"],
  ["two that are open", "0001_a.sql open\n0002_b.sql open\n"],
  ["a name twice", `0001_a.sql ${"a".repeat(64)}\n0001_a.sql open\n`],
  ["a checksum cut short", "0001_a.sql abc\n"],
])("%s is no sum file", (_, text) => expect(compareSum(text, [])).toBe("unreadable"));
