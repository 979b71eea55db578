import { createRequire } from "node:module";
import { expect, test } from "vitest";
import * as own from "../../../src/db/pg-crypto.ts";

/** What the build puts `pg-crypto.ts` in the place of. */
const pgs = createRequire(import.meta.url)("pg/lib/crypto/utils.js") as Record<
  keyof typeof own,
  (...args: unknown[]) => unknown
>;

test("it has all that pg has there", () => {
  expect(Object.keys(own).toSorted()).toEqual(Object.keys(pgs).toSorted());
  expect(own.randomBytes(18)).toHaveLength(18);
  expect(own.randomBytes(18)).not.toEqual(own.randomBytes(18));
});

const KEY = Buffer.from("00ff10ab", "hex");

test.each([
  ["md5", ["pässword"]],
  ["postgresMd5PasswordHash", ["usér", "pässword", Buffer.from("01020304", "hex")]],
  ["sha256", [KEY]],
  ["hashByName", ["SHA-256", KEY]],
  ["hashByName", ["SHA-384", KEY]],
  ["hashByName", ["SHA-512", KEY]],
  ["hmacSha256", [KEY, "n=*,r=nönce"]],
  ["deriveKey", ["pässword", Buffer.from("a salt"), 4096]],
] as const)("%s answers what pg's answers", async (name, args) => {
  const bytes = (value: unknown): string =>
    typeof value === "string" ? value : Buffer.from(value as Buffer).toString("hex");
  const answer = (own[name] as (...given: unknown[]) => unknown)(...args);
  expect(bytes(answer)).toBe(bytes(await pgs[name](...args)));
  expect(bytes(answer)).not.toBe("");
});
