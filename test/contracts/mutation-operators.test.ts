import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { OPERATORS } from "../../src/mutate/operators.ts";

const ROOT = new URL("../../", import.meta.url);
const files = readdirSync(new URL("src/mutate/operators/", ROOT)).map((name) => name.replace(/\.ts$/, ""));

test("every file of src/mutate/operators is an operator of its name", () => {
  expect(OPERATORS.map(({ name }) => name).toSorted()).toEqual(files.toSorted());
});

test("docs/mutation.md explains each operator", () => {
  const page = readFileSync(new URL("docs/mutation.md", ROOT), "utf8");
  const listed = [...page.matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, name = ""]) => name);
  expect(listed.toSorted()).toEqual(files.toSorted());
});

describe.each(OPERATORS)("$name", ({ name, does }) => {
  test("has a unit test that uses it", () => {
    const path = new URL(`test/unit/mutate/operators/${name}.test.ts`, ROOT);
    const exported = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    expect(existsSync(path)).toBe(true);
    const text = readFileSync(path, "utf8");
    expect(text).toContain(`import { ${exported} } from "../../../../src/mutate/operators/${name}.ts"`);
    expect(text.split(exported).length).toBeGreaterThan(2);
  });

  test("says what it does", () => {
    expect(does.length).toBeGreaterThan(10);
  });
});
