import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { CONFIG_SCHEMA } from "../../scripts/docs/config-schema.ts";
import { loadConfig, parseConfig } from "../../src/config/config.ts";
import { TmDbError } from "../../src/core/errors.ts";

interface ObjectSchema {
  readonly properties: Readonly<Record<string, Partial<ObjectSchema> & { readonly default?: unknown }>>;
  readonly required?: readonly string[];
}

const SCHEMA = CONFIG_SCHEMA as unknown as ObjectSchema;
const OBJECTS = Object.entries(SCHEMA.properties).filter(
  (entry): entry is [string, ObjectSchema] => entry[1].properties !== undefined,
);

function problemsOf(raw: unknown): string[] {
  try {
    parseConfig(raw, "/project", { name: "tm-db.config.json" });
    return [];
  } catch (error) {
    if (!(error instanceof TmDbError)) throw error;
    return error.problems.map(({ message }) => message);
  }
}

/** The keys that the parser says it knows, at the top or in one of its objects. */
function knownKeys(name: string): string[] {
  const raw = name === "" ? { "?": 1 } : { [name]: { "?": 1 } };
  const message = problemsOf(raw).find((problem) => problem.includes("is unknown"));
  return message?.split("known are ")[1]?.split(", ") ?? [];
}

test("schema and parser know the same keys", () => {
  expect(Object.keys(SCHEMA.properties)).toEqual(knownKeys(""));
  for (const [name, { properties }] of OBJECTS)
    expect([name, Object.keys(properties)]).toEqual([name, knownKeys(name)]);
  expect(OBJECTS.map(([name]) => name)).toEqual([
    "paths",
    "roles",
    "jwtRotation",
    "token",
    "lint",
    "postgrest",
    "realtime",
    "matrix",
  ]);
});

test("the schema's defaults are the parser's", () => {
  const config = parseConfig({}, "/project", { name: "tm-db.config.json" }) as unknown as Record<string, unknown>;
  const defaults = (properties: ObjectSchema["properties"]): [string, unknown][] =>
    Object.entries(properties).flatMap(([key, entry]) => {
      if (entry.default !== undefined) return [[key, entry.default]];
      const inner = defaults(entry.properties ?? {});
      return inner.length === 0 ? [] : [[key, Object.fromEntries(inner)]];
    });
  expect(config).toMatchObject(Object.fromEntries(defaults(SCHEMA.properties)));
});

test("what the schema requires, the parser requires", () => {
  for (const [name, { required = [] }] of OBJECTS) {
    expect(problemsOf({ [name]: {} })).toEqual(required.map((key) => `${name}.${key} is missing`));
  }
});

test("the reference project's settings are valid", () => {
  const config = loadConfig(fileURLToPath(new URL("../..", import.meta.url)), undefined);
  expect(config.database).toBe("task_manager");
});
