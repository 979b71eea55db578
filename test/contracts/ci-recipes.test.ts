import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { buildProgram, withSubcommands } from "../../src/cli/program.ts";

const PAGE = readFileSync(new URL("../../docs/ci.md", import.meta.url), "utf8");
const BLOCKS = [...PAGE.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, yaml = ""]) => yaml);

interface Workflow {
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly run?: string; readonly uses?: string }[] }>
  >;
}
type Pipeline = Readonly<Record<string, { readonly script: readonly string[] }>>;

/** The lines that a recipe runs: steps of GitHub's workflows, scripts of GitLab's jobs. */
function linesOf(recipe: Workflow | Pipeline): string[] {
  const commands =
    "jobs" in recipe
      ? Object.values((recipe as Workflow).jobs).flatMap(({ steps }) => steps.map(({ run = "" }) => run))
      : Object.values(recipe).flatMap(({ script }) => script);
  return commands.flatMap((command) => command.split("\n")).filter((line) => line !== "");
}

/** What commander says of a command line; undefined where it would run. */
async function complaint(line: string): Promise<string | undefined> {
  const program = buildProgram(() => Promise.resolve());
  for (const [, command] of withSubcommands(program)) {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  }
  try {
    await program.parseAsync(line.split(" ").slice(2), { from: "user" });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe.each(BLOCKS.map((yaml, index) => [index + 1, yaml] as const))("recipe %i of docs/ci.md", (_, yaml) => {
  const recipe = parse(yaml, { strict: true, uniqueKeys: true }) as Workflow | Pipeline;
  const lines = linesOf(recipe);

  test("installs what the lock file says, and then runs tm-db", () => {
    expect(lines[0]).toBe("npm ci");
    expect(lines.slice(1).every((line) => line.startsWith("npx tm-db "))).toBe(true);
    expect(lines.length).toBeGreaterThan(4);
  });

  test.each(lines.filter((line) => line.startsWith("npx tm-db ")))("%s is a command that runs", async (line) =>
    expect(await complaint(line)).toBeUndefined(),
  );

  test("no password stands in a command line or an address", () => {
    expect(yaml).not.toMatch(/:\/\/[^@\s/]*:[^@\s/]*@/);
    expect(lines.filter((line) => /password|secret|:\/\//i.test(line))).toEqual([]);
  });
});

test("there is a recipe for each, with and without a service, one for code scanning, and one that deploys", () => {
  const recipes = BLOCKS.map((yaml) => parse(yaml) as Record<string, unknown>);
  expect(recipes.map((recipe) => ("jobs" in recipe ? "github" : "gitlab"))).toEqual([
    "github",
    "github",
    "gitlab",
    "gitlab",
    "github",
    "github",
  ]);
  expect(BLOCKS.map((yaml) => yaml.includes("services:"))).toEqual([false, true, false, true, false, false]);
});

test("a command, an option or a value that does not exist would be noticed", async () => {
  expect(await complaint("npx tm-db launch")).toMatch(/unknown command/);
  expect(await complaint("npx tm-db migrate --dry")).toMatch(/unknown option/);
  expect(await complaint("npx tm-db lint --format junit")).toMatch(/Allowed choices/);
});
