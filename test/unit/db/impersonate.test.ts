import { describe, expect, test } from "vitest";
import { type RoleFacts, transactionSettings, whyRefused } from "../../../src/db/impersonate.ts";

const BOUND: RoleFacts = {
  isSuperuser: false,
  bypassesRls: false,
  canBecome: true,
  owns: null,
  settings: [],
  isolation: null,
};
const API = { schemas: ["api"], extraSearchPath: ["public", 'my "x"'] };

describe("the settings of a request", () => {
  const settings = transactionSettings({
    api: API,
    request: {
      role: "api_user",
      claims: { user_id: 7, role: "somebody else" },
      method: "POST",
      path: "/rpc/search",
      headers: { "content-type": "application/json" },
      cookies: { a: "b" },
    },
    schema: "api",
    role: { settings: [["random_page_cost", "1.1"]] },
    routine: { settings: [["statement_timeout", "1s"]] },
  });

  test("come in PostgREST's order", () => {
    expect(settings.map(([name]) => name)).toEqual([
      "search_path",
      "random_page_cost",
      "role",
      "request.jwt.claims",
      "request.method",
      "request.path",
      "request.headers",
      "request.cookies",
      "statement_timeout",
    ]);
  });

  test("quote the search path", () => {
    expect(new Map(settings).get("search_path")).toBe('"api", "public", "my ""x"""');
  });

  test("hold the role that is become in the claims, whatever the token said", () => {
    expect(JSON.parse(new Map(settings).get("request.jwt.claims") ?? "")).toEqual({ user_id: 7, role: "api_user" });
  });

  test("are there for a request without token, headers and cookies", () => {
    const bare = transactionSettings({
      api: API,
      request: { role: "anon", method: "GET", path: "/" },
      schema: "api",
      role: { settings: [] },
    });
    expect(bare.slice(2)).toEqual([
      ["request.jwt.claims", '{"role":"anon"}'],
      ["request.method", "GET"],
      ["request.path", "/"],
      ["request.headers", "{}"],
      ["request.cookies", "{}"],
    ]);
  });
});

describe("a role is refused", () => {
  test.each([
    ["when there is none of that name", undefined, "there is no role someone"],
    ["when it is a superuser", { ...BOUND, isSuperuser: true }, "someone is a superuser"],
    ["when it has BYPASSRLS", { ...BOUND, bypassesRls: true }, "someone has BYPASSRLS"],
    ["when it owns what is exposed", { ...BOUND, owns: "api.tasks" }, "someone owns api.tasks"],
    ["when the authenticator is not its member", { ...BOUND, canBecome: false }, "not a member of someone"],
  ] as const)("%s", (_, facts, message) => {
    expect(whyRefused("someone", facts)?.message).toContain(message);
  });

  test("and none that policies bind", () => {
    expect(whyRefused("someone", BOUND)).toBeUndefined();
  });
});
