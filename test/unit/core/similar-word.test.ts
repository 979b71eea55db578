import { expect, test } from "vitest";
import { similarWord } from "../../../src/core/similar-word.ts";

const KEYS = ["database", "paths", "jwtSecret", "jwtRotation", "postgrestUrl", "postgrestAdminUrl", "lint"];

test.each([
  ["databse", "database"],
  ["dtaabase", "database"],
  ["jwt-secret", "jwtSecret"],
  ["jwtsecret", "jwtSecret"],
  ["path", "paths"],
  ["postgrestURL", "postgrestUrl"],
  ["schemas", undefined],
  ["?", undefined],
  ["", undefined],
])("%s: %s", (word, meant) => {
  expect(similarWord(word, KEYS)).toBe(meant);
});
