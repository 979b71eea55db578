import type { Node } from "libpg-query";
import type { MigrationFile } from "../core/project-files.ts";
import { onlyPart, splitMigration } from "./migration-sql.ts";
import { loadSqlParser, parseSql } from "./parse-sql.ts";

/**
 * The extensions that are there after these migrations, by their statements: what a script or a `do` block creates is
 * not seen, and a file that does not parse creates nothing.
 */
export async function createdExtensions(migrations: readonly MigrationFile[]): Promise<readonly string[]> {
  await loadSqlParser();
  const created = new Set<string>();
  for (const file of migrations.filter(({ language }) => language === "sql")) {
    for (const node of statementsOf(file)) {
      if ("CreateExtensionStmt" in node) created.add(node.CreateExtensionStmt.extname ?? "");
      if ("DropStmt" in node && node.DropStmt.removeType === "OBJECT_EXTENSION") {
        for (const name of droppedNames(node.DropStmt.objects ?? [])) created.delete(name);
      }
    }
  }
  return [...created].sort();
}

function statementsOf(file: MigrationFile): readonly Node[] {
  try {
    const text = onlyPart(file.text, splitMigration(file).up);
    return parseSql({ path: file.path, text }).map(({ node }) => node);
  } catch {
    // Whoever runs the file says what is wrong with it.
    return [];
  }
}

function droppedNames(objects: readonly Node[]): string[] {
  return objects.flatMap((object) => ("String" in object ? [object.String.sval ?? ""] : []));
}
