import { describe, expect, test } from "vitest";
import { type ClaimsInput, newClaims } from "../../../src/postgrest/claims.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const IAT = NOW.getTime() / 1000;
const claims = (input: Partial<ClaimsInput>) =>
  newClaims({ base: {}, role: undefined, roleKey: undefined, claims: {}, ttlSeconds: undefined, now: NOW, ...input });

describe("the lifetime", () => {
  test("is an hour, or what was asked for, or what the project's own token says", () => {
    expect(claims({ role: "a" })).toEqual({ role: "a", iat: IAT, exp: IAT + 3600 });
    expect(claims({ ttlSeconds: 5 })).toEqual({ iat: IAT, exp: IAT + 5 });
    const base = { iat: IAT - 10, exp: IAT + 100 };
    expect(claims({ base })).toEqual({ iat: IAT, exp: IAT + 100 });
    expect(claims({ base, ttlSeconds: 5 })).toEqual({ iat: IAT, exp: IAT + 5 });
    expect(claims({ base, claims: { exp: 7 } })).toEqual({ iat: IAT, exp: 7 });
  });

  test("begins no earlier than that of the project's own token, which may lie a second ahead", () => {
    expect(claims({ base: { iat: IAT + 1, exp: IAT + 9 }, ttlSeconds: 5 })).toEqual({ iat: IAT + 1, exp: IAT + 6 });
  });
});

describe("the role", () => {
  test.each([
    [undefined, { role: "a" }],
    [".role", { role: "a" }],
    [".app.role", { app: { role: "a" } }],
    ["$.app.inner.role", { app: { inner: { role: "a" } } }],
  ])("stands where jwt-role-claim-key %s looks for it", (roleKey, expected) => {
    expect(claims({ role: "a", roleKey })).toMatchObject(expected);
  });

  test("leaves what stands beside it", () => {
    const base = { app: { role: "b", team: 1 }, role: "c" };
    expect(claims({ base, role: "a", roleKey: ".app.role" })).toMatchObject({ app: { role: "a", team: 1 }, role: "c" });
    expect(claims({ base: { app: "text" }, role: "a", roleKey: ".app.role" })).toMatchObject({ app: { role: "a" } });
  });

  test.each([".roles[0]", '."https://example.com/role"', "role"])(
    "is refused where %s would have to be understood",
    (roleKey) => {
      expect(() => claims({ role: "a", roleKey })).toThrow(expect.objectContaining({ code: "USAGE" }));
      expect(claims({ roleKey, claims: { roles: ["a"] } })).toMatchObject({ roles: ["a"] });
    },
  );
});

test("numbers that JSON would change are refused by name, however deep", () => {
  expect(() => claims({ claims: { a: { b: [1, 2 ** 53] } } })).toThrow("a.b.1");
  expect(claims({ claims: { a: 2 ** 53 - 1, b: 0.1, c: "9007199254740993" } })).toMatchObject({ b: 0.1 });
});

test("claims nested without end are refused", () => {
  const deep: unknown = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);
  expect(() => claims({ claims: { deep } })).toThrow("nested more than 1000 deep");
});
