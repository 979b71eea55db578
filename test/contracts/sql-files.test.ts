import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../src/config/config.ts";
import type { ProjectFiles, RepeatableFolder } from "../../src/core/project-files.ts";
import { splitMigration } from "../../src/deploy/migration-sql.ts";
import { loadSqlParser, parseSql } from "../../src/deploy/parse-sql.ts";
import { checkDuplicates, type DeclaredFile, declareFiles } from "../../src/deploy/repeatable.ts";
import { readProjectFiles } from "../../src/files/read-project.ts";
import { styleProblems } from "./sql-style.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDERS = [
  "migrations",
  "functions",
  "views",
  "policies",
  "seeds",
  "bench/sql",
  "src/audit",
  "src/policytest/sql",
  "test/policies",
  "test/projects",
  "test/leaky",
  "test/rules",
];

let files: ProjectFiles;
let declared: readonly DeclaredFile[];

beforeAll(async () => {
  files = readProjectFiles(loadConfig(ROOT, undefined));
  await loadSqlParser();
  declared = declareFiles(files.repeatables);
});

function inFolder(folder: RepeatableFolder): readonly DeclaredFile[] {
  return declared.filter(({ file }) => file.folder === folder);
}

/** `functions/auth/user_id.sql` → `"auth"."user_id"`. */
function nameFromPath(path: string): string {
  const [, schema = "", name = ""] = /^[^/]+\/([^/]+)\/([^/]+)\.sql$/.exec(path) ?? [];
  return `"${schema}"."${name}"`;
}

test("each migration has a header, an up part and a down part that does something", () => {
  const wanting = files.migrations
    .filter((file) => file.language === "sql")
    .filter((file) => {
      const { up, down } = splitMigration(file);
      const count = (sql: string): number => parseSql({ path: file.path, text: sql }).length;
      return !file.text.startsWith("-- ") || count(up.sql) === 0 || down === undefined || count(down.sql) === 0;
    });
  expect(wanting.map(({ path }) => path)).toEqual([]);
  expect(files.migrations.length).toBeGreaterThan(0);
});

test("a function's file makes the one function that it is named after", () => {
  const wrong = inFolder("functions").filter(({ file, declarations }) => {
    const made = declarations.flatMap(({ declaration }) => (declaration.kind === "create" ? [declaration.object] : []));
    const routines = made.filter(({ type }) => type === "function" || type === "procedure");
    return routines.length !== 1 || !routines.every(({ name }) => name.startsWith(`${nameFromPath(file.path)}(`));
  });
  expect(wrong.map(({ file }) => file.path)).toEqual([]);
});

test("a view's file makes the one view that it is named after", () => {
  const wrong = inFolder("views").filter(({ file, declarations }) => {
    const made = declarations.flatMap(({ declaration }) => (declaration.kind === "create" ? [declaration.object] : []));
    const views = made.filter(({ type }) => type === "view");
    return views.length !== 1 || views[0]?.name !== nameFromPath(file.path);
  });
  expect(wrong.map(({ file }) => file.path)).toEqual([]);
});

test("a policy file is about the one table that it is named after, and turns its row level security on", () => {
  const wrong = inFolder("policies").filter(({ file, declarations }) => {
    const table = nameFromPath(file.path);
    const tables = declarations.map(({ declaration }) => {
      if (declaration.kind === "create") return declaration.object.relation;
      return declaration.kind === "row-security" ? declaration.table : declaration.target.name;
    });
    const isOn = declarations.some(
      ({ declaration }) => declaration.kind === "row-security" && declaration.flag === "enable" && declaration.on,
    );
    return !isOn || tables.some((name) => name !== table);
  });
  expect(wrong.map(({ file }) => file.path)).toEqual([]);
});

test("no two files declare the same thing", () => {
  checkDuplicates(declared, []);
  expect(declared.length).toBe(files.repeatables.length);
});

test("SQL files keep our style", () => {
  const paths = FOLDERS.filter((folder) => existsSync(join(ROOT, folder))).flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".sql"))
      .map((name) => `${folder}/${name}`)
      // Its names are too long on purpose.
      .filter((path) => !path.startsWith("test/rules/name-cut/")),
  );
  const problems = paths.flatMap((path) =>
    // Everybody ends a file of pgTAP with this line, as pgTAP's manual does.
    styleProblems(readFileSync(join(ROOT, path), "utf8").replace("select * from finish();", "select finish();")).map(
      (problem) => `${path}:${problem}`,
    ),
  );
  expect(problems).toEqual([]);
  expect(paths.length).toBeGreaterThan(files.repeatables.length);
});

describe("the check of our style", () => {
  test.each([
    ["capitals", "SELECT 1;\n"],
    ["capitals", "create function a.b()\n  returns int\nas $$\nBEGIN\n  return 1;\nend\n$$;\n"],
    ["an odd number", "select\n   1;\n"],
    ["a tab", "select\n\t1;\n"],
    ["blanks at the end", "select 1; \n"],
    ["one line end", "select 1;"],
    ["one line end", "select 1;\n\n"],
    ["a carriage return", "select 1;\r\n"],
    ["two clauses", "select a from b;\n"],
    ["two clauses", "select a\nfrom b where (c);\n"],
    ["over 63 bytes", `select ${"ä".repeat(32)};\n`],
  ])("finds %s in %j", (what, sql) => {
    expect(styleProblems(sql).join("\n")).toContain(what);
  });

  test.each([
    ["capitals in a comment", "-- A comment /* Only */ here\nselect 1;\n"],
    ["capitals in strings and quoted names", "select 'A $$ B' as \"C\", e'\\'D';\n"],
    ["a query in parentheses", "select (select a from b where c) as d\nfrom e;\n"],
    ["distinct from", "select a is distinct from b\nfrom c;\n"],
    ["a policy", "create policy p on a.b\n  for select\n  to r\n  using ((select a.f()) = id);\n"],
  ])("lets %s pass", (_, sql) => {
    expect(styleProblems(sql)).toEqual([]);
  });
});
