import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { TmDbError } from "../../../src/core/errors.ts";
import { findSquawk, type PlacedFinding, runSquawk } from "../../../src/lint/squawk.ts";

let projectDir: string;

beforeEach(() => {
  projectDir = mkdtempSync(join(tmpdir(), "tm-db-squawk-"));
  onTestFinished(() => rmSync(projectDir, { recursive: true, force: true }));
});

async function squawk(sql: string, inTransaction = true): Promise<PlacedFinding[]> {
  return await runSquawk(findSquawk(), { path: "migrations/0001_a.sql", sql, pgMajor: 18, inTransaction, projectDir });
}

test("places are in characters, also behind letters of several bytes", async () => {
  const sql = "-- é\nselect '😀'; create table public.a (é text, n varchar(10));\n";
  const [found] = await squawk(sql);
  expect(found).toMatchObject({ rule: "prefer-text-field", severity: "warning" });
  expect(found?.url).toBe("https://squawkhq.com/docs/prefer-text-field");
  expect(sql.slice(found?.offset)).toMatch(/^varchar\(10\)/);
});

test("its own comments ignore a rule, in the line below", async () => {
  const drop = "alter table public.a drop column b;";
  expect(await squawk(`-- squawk-ignore ban-drop-column\n${drop}`)).toEqual([]);
  expect((await squawk(`-- squawk-ignore ban-drop-table\n${drop}`)).map(({ rule }) => rule)).toContain(
    "ban-drop-column",
  );
});

test("what a transaction of tm-db settles is not reported, and concurrently only inside of one", async () => {
  expect(await squawk("alter table public.a add column b text;")).toEqual([]);
  const concurrently = "create index concurrently i on public.a (b);";
  const inside = await squawk(concurrently);
  expect(inside.map(({ rule }) => rule)).toEqual(["ban-concurrent-index-creation-in-transaction"]);
  expect(inside[0]?.help).toContain("-- tm-db: no-transaction");
  expect(await squawk(concurrently, false)).toEqual([]);
});

test("a .squawk.toml of the project counts; one that is broken stops the command", async () => {
  const sql = "create table public.a (n varchar(10));";
  expect(await squawk(sql)).toHaveLength(1);
  writeFileSync(join(projectDir, ".squawk.toml"), 'excluded_rules = ["prefer-text-field"]\n');
  expect(await squawk(sql)).toEqual([]);
  writeFileSync(join(projectDir, ".squawk.toml"), "excluded_rules = [\n");
  await expect(squawk(sql)).rejects.toMatchObject({ code: "LINTER_UNUSABLE", detail: /onfiguration/ });
});

test("where the platform's package is not installed, the error says which one to install", () => {
  const find = (): string => findSquawk("plan9-x64");
  expect(find).toThrow(TmDbError);
  expect(find).toThrow(/not installed for plan9-x64/);
  try {
    find();
  } catch (error) {
    expect((error as TmDbError).hint).toMatch(/^npm install .*@squawk-cli\/plan9-x64@\d/);
  }
});
