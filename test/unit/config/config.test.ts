import { expect, test } from "vitest";
import { parseConfig } from "../../../src/config/config.ts";
import { TmDbError } from "../../../src/core/errors.ts";

function problemsOf(raw: unknown): string[] {
  try {
    parseConfig(raw, "/x/My Project", { name: "tm-db.config.json" });
  } catch (error) {
    if (error instanceof TmDbError) return error.problems.map(({ message }) => message);
  }
  return [];
}

test("nothing said means defaults, the database's name from the folder", () => {
  expect(parseConfig({}, "/x/My Project", { name: "f" })).toMatchObject({
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
    "databse is unknown; did you mean database?",
    "exposedSchemas must be a list of names",
    expect.stringContaining("roles.anonymous is over 63 bytes"),
    "jwtSecret must be schema.table.column",
    "token.query is missing",
  ]);
  expect(problemsOf([])).toEqual(["the file must be an object"]);
});

test("a key that is like none of the known ones is answered with all of them", () => {
  expect(problemsOf({ schemas: ["api"], paths: { Migration: "m" } })).toEqual([
    expect.stringMatching(/^schemas is unknown; known are \$schema, database, .*, matrix$/),
    "paths.Migration is unknown; did you mean migrations?",
  ]);
});

test("the project's database is none of PostgreSQL's own, neither by its name nor by the folder's", () => {
  for (const database of ["postgres", "template0", "template1"]) {
    expect(problemsOf({ database })).toEqual([
      `database is ${database}, which is PostgreSQL's own; choose another name`,
    ]);
  }
  expect(parseConfig({}, "/x/postgres", { name: "f" })).toMatchObject({ database: "db_postgres" });
  // The control.
  expect(parseConfig({ database: "template2" }, "/x", { name: "f" })).toMatchObject({ database: "template2" });
});

test("what is ignored is named as drift names it, in one spelling, and is not what the API exposes", () => {
  const ignore = ['schema "storage"', 'schema "My Files"', " table public.t ", "event trigger watch"];
  expect(parseConfig({ ignore }, "/x", { name: "f" }).ignore).toEqual([
    "schema storage",
    'schema "My Files"',
    "table public.t",
    "event trigger watch",
  ]);
  expect(
    problemsOf({
      ignore: ["storage", "schema", "schema api", 'schema "Odd ""one"""', 1],
      exposedSchemas: ["api", 'Odd "one"'],
    }),
  ).toEqual([
    expect.stringContaining("ignore[0] must name an object as tm-db drift does"),
    expect.stringContaining("ignore[1] must name an object"),
    "ignore[2] names a schema that is in exposedSchemas: api",
    'ignore[3] names a schema that is in exposedSchemas: Odd "one"',
    "ignore[4] must be a text that is not blank",
  ]);
  expect(problemsOf({ ignore: "schema storage" })).toEqual(["ignore must be a list of names"]);
});

test("channels are of exposed tables, and origins have no path", () => {
  const channel = { table: "api.tasks" };
  const parsed = parseConfig({ realtime: { channels: { "Odd Name": channel }, allowedOrigins: ["*"] } }, "/x", {
    name: "f",
  });
  expect(parsed.realtime).toEqual({
    channels: [
      {
        channel: "Odd Name",
        relation: { schema: "api", name: "tasks" },
        key: "id",
        columns: undefined,
        parent: undefined,
      },
    ],
    allowedOrigins: ["*"],
  });
  const channels = {
    a: {},
    b: { table: "tasks" },
    c: { table: "auth.secrets" },
    d: { ...channel, parent: { table: "auth.users" } },
    ["e".repeat(64)]: { ...channel, keys: "id" },
  };
  expect(problemsOf({ realtime: { channels, allowedOrigins: ["https://a.example/", "a.example", 7] } })).toEqual([
    "realtime.channels.a.table is missing",
    "realtime.channels.b.table must be schema.table",
    "realtime.channels.c.table names a schema that is not in exposedSchemas: auth",
    "realtime.channels.d.parent.table names a schema that is not in exposedSchemas: auth",
    "realtime.channels.d.parent.column is missing",
    expect.stringContaining("is over 63 bytes"),
    expect.stringContaining(".keys is unknown; did you mean key?"),
    expect.stringContaining("must be an origin such as https://app.example.com"),
    expect.stringContaining("must be an origin such as https://app.example.com"),
    "realtime.allowedOrigins[2] must be a text that is not blank",
  ]);
});

test("each problem has its place, and what is missing that of where it would stand", () => {
  const text = `{
  "databse": "x", "roles": { "anonymous": 3 },
  "recount": ["auth.recount", "wrong"],
  "token": { "query": "\\u0022", "query": "" },
  "jwtRotation": { "standby": "a", "previous": "b" },
  "realtime": { "channels": { "a.b": { "table": "api.tasks", "key": [{}, "x"] } } }
}`;
  const file = { name: "tm-db.config.json", text };
  const places = (): string[] => {
    try {
      parseConfig(JSON.parse(text), "/x", file);
    } catch (error) {
      if (!(error instanceof TmDbError)) throw error;
      return error.problems.map(({ message, location }) => `${location?.line}:${location?.column} ${message}`);
    }
    return [];
  };
  expect(places()).toEqual([
    expect.stringMatching(/^2:3 databse is unknown/),
    expect.stringMatching(/^2:30 roles.anonymous must be/),
    expect.stringMatching(/^3:31 recount\[1\] must be/),
    expect.stringMatching(/^5:3 jwtRotation.previousUntil is missing/),
    expect.stringMatching(/^4:33 token.query must be/),
    expect.stringMatching(/^6:62 realtime.channels.a.b.key must be/),
  ]);
});
