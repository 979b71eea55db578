import { expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { TmDbError } from "../../../src/core/errors.ts";

function problemsOf(raw: unknown): string[] {
  try {
    parseConfig(raw, "/x/My Project", "tm-db.config.json");
  } catch (error) {
    if (error instanceof TmDbError) return error.problems.map(({ message }) => message);
  }
  return [];
}

test("nothing said means defaults, the database's name from the folder", () => {
  expect(parseConfig({}, "/x/My Project", "f")).toMatchObject({
    database: "my_project",
    exposedSchemas: ["api"],
    paths: { migrations: "migrations" },
    jwtSecret: undefined,
  });
});

test("every problem is told, not the first", () => {
  const raw = {
    databse: "x",
    exposedSchemas: "api",
    jwtSecret: "secrets",
    roles: { anonymous: "a".repeat(64) },
    token: {},
  };
  expect(problemsOf(raw)).toEqual([
    expect.stringContaining("databse is unknown"),
    "exposedSchemas must be a list of names",
    expect.stringContaining("roles.anonymous is over 63 bytes"),
    "jwtSecret must be schema.table.column",
    "token.query is missing",
  ]);
  expect(problemsOf([])).toEqual(["the file must be an object"]);
});
