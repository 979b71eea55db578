import { expect, test } from "vitest";
import { identityOf, rolePathOf } from "../../../src/realtime/identity.ts";

const RULES = { rolePath: ["role"], anonymousRole: "anonymous", audience: undefined };

type Rules = Parameters<typeof identityOf>[1];

function roleOf(claims: Record<string, unknown>, rules: Partial<Rules> = {}): string {
  const all = { exp: 1, ...claims };
  const check = identityOf({ claims: all, payload: JSON.stringify(all) }, { ...RULES, ...rules });
  return check.kind === "valid" ? check.identity.role : `refused: ${check.because}`;
}

function claimsOf(payload: string, rules: Partial<Rules> = {}, which: "claims" | "user" = "claims"): string {
  const claims = JSON.parse(payload) as Record<string, unknown>;
  const check = identityOf({ claims, payload }, { ...RULES, ...rules });
  return check.kind === "valid" ? check.identity[which] : `refused: ${check.because}`;
}

test("the role stands where PostgREST looks for it, or is the anonymous one", () => {
  expect(roleOf({ role: "user" })).toBe("user");
  expect(roleOf({})).toBe("anonymous");
  expect(roleOf({ role: null })).toBe("anonymous");
  expect(roleOf({ role: "x", app: { role: "user" } }, { rolePath: ["app", "role"] })).toBe("user");
  expect(roleOf({ app: "x" }, { rolePath: ["app", "length"] })).toBe("anonymous");
  expect(roleOf({}, { rolePath: ["constructor", "name"] })).toBe("anonymous");
  for (const role of [7, "", ["user"], { a: 1 }, true, "user\u0000x", "user\n", "\u009f", "us\ud800er"])
    expect([role, roleOf({ role })]).toEqual([role, expect.stringMatching(/^refused/)]);
  for (const role of ["us er", 'us"er', "用户", "\u{1f600}"]) expect(roleOf({ role })).toBe(role);
});

test("of jwt-role-claim-key plain names are followed", () => {
  expect([".role", "$.app.role", ".a_b.c"].map(rolePathOf)).toEqual([["role"], ["app", "role"], ["a_b", "c"]]);
  expect(['."https://x/role"', ".roles[0]", "role", "", '.roles[?(@ == "a")]'].map(rolePathOf)).toEqual(
    Array(5).fill(undefined),
  );
});

test("a token that says for whom it is must be for us, where that is set", () => {
  const rules = { audience: "tm" };
  expect(roleOf({ aud: "tm" }, rules)).toBe("anonymous");
  expect(roleOf({ aud: ["x", "tm"] }, rules)).toBe("anonymous");
  expect(roleOf({}, rules)).toBe("anonymous");
  for (const aud of ["x", "", [], ["x"], 7, { tm: 1 }]) expect(roleOf({ aud }, rules)).toMatch(/^refused/);
  expect(roleOf({ aud: "x" })).toBe("anonymous");
});

test("a token must say when it ends", () => {
  for (const exp of [undefined, "1", null, Infinity, Number.NaN]) expect(roleOf({ exp })).toMatch(/exp/);
});

test("the claims are those of the token, digit by digit, with the role among them", () => {
  expect(claimsOf('{"role":"user","exp":1,"user_id":9007199254740993}')).toBe(
    '{"role":"user","exp":1,"user_id":9007199254740993}',
  );
  expect(claimsOf('{ "exp" : 1, "app" : { "ids" : [9007199254740993, 0.10000000000000000001] } }')).toBe(
    '{"exp":1,"app":{ "ids" : [9007199254740993, 0.10000000000000000001] },"role":"anonymous"}',
  );
  expect(claimsOf('{"role":"x","exp":1,"app":{"role":"user"}}', { rolePath: ["app", "role"] })).toBe(
    '{"role":"user","exp":1,"app":{"role":"user"}}',
  );
});

test("who differs in the last digit of a number is somebody else", () => {
  const numbered = (number: string): string => claimsOf(`{"exp":1,"user_id":${number}}`);
  // Which is what JavaScript makes of both.
  expect(Number("9007199254740993")).toBe(Number("9007199254740992"));
  expect(numbered("9007199254740993")).not.toBe(numbered("9007199254740992"));
  expect(numbered("9007199254740993")).toBe(numbered("9007199254740993"));
});

test("tokens of one user are known as that: by all that they say, but of themselves", () => {
  const userOf = (payload: string): string => claimsOf(payload, {}, "user");
  const user = userOf('{"exp":1,"user_id":7,"app":{"exp":1}}');
  expect(userOf('{"jti":"x","iat":3,"nbf":2,"app":{"exp":1},"user_id":7,"role":"anonymous","exp":9}')).toBe(user);
  for (const other of ['"user_id":8,"app":{"exp":1}', '"user_id":7,"app":{"exp":2}', '"role":"user","user_id":7'])
    expect(userOf(`{"exp":1,${other}}`)).not.toBe(user);
});
