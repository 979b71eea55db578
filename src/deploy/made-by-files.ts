import type { Node } from "libpg-query";
import { plainName } from "../core/ignored.ts";
import { locate } from "../core/locate.ts";
import type { SourceLocation } from "../core/errors.ts";
import type { MigrationFile, ProjectFiles } from "../core/project-files.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import { onlyPart, splitMigration } from "./migration-sql.ts";
import { loadSqlParser, parseSql } from "./parse-sql.ts";
import { declareFiles } from "./repeatable.ts";
import type { Declaration } from "./declaration.ts";

/** Something that a statement of a file makes or changes. */
export interface MadeByFile {
  /** The object and what it lies in, in the words of `tm-db drift`: `view storage.sizes`, `schema storage`. */
  readonly wholes: readonly [string, ...string[]];
  readonly location: SourceLocation;
}

/**
 * What the files make, statement by statement. Of triggers and policies only they themselves, not the table that they are
 * put on. Of migrations only what is created without `if not exists` and `or replace`, and outside of `do` blocks:
 * whatever else stands there makes what may be there already.
 */
export async function readMadeByFiles({ migrations, repeatables }: ProjectFiles): Promise<MadeByFile[]> {
  await loadSqlParser();
  const declared = declareFiles(repeatables).flatMap(({ file, declarations }) =>
    declarations.flatMap(({ declaration, start }): MadeByFile[] => {
      const wholes = wholesOf(declaration);
      return [{ wholes, location: locate(file.path, file.text, start) }];
    }),
  );
  return [...migrations.flatMap(readMigration), ...declared];
}

function wholesOf(declaration: Declaration): [string, ...string[]] {
  switch (declaration.kind) {
    case "create": {
      const { type, name, relation } = declaration.object;
      if (relation !== undefined) return [plainName(`${type} ${quoteIdent(name)} on ${relation}`)];
      return within(`${type} ${name}`, name);
    }
    case "row-security":
      return within(`table ${declaration.table}`, declaration.table);
    case "comment":
      if (declaration.part.kind === "trigger" || declaration.part.kind === "policy")
        return [
          plainName(`${declaration.part.kind} ${quoteIdent(declaration.part.name)} on ${declaration.target.name}`),
        ];
      return within(`${declaration.target.keyword} ${declaration.target.name}`, declaration.target.name);
    case "privilege":
      return within(`${declaration.target.keyword} ${declaration.target.name}`, declaration.target.name);
  }
}

/** `name` is quoted; of a schema it is its own. */
function within(words: string, name: string): [string, string] {
  const schema = /^"(?:[^"]|"")*"/.exec(name)?.[0] ?? name;
  return [plainName(words), plainName(`schema ${schema}`)];
}

function readMigration(file: MigrationFile): MadeByFile[] {
  if (file.language !== "sql") return [];
  let statements;
  try {
    statements = parseSql({ path: file.path, text: onlyPart(file.text, splitMigration(file).up) });
  } catch {
    // Whoever runs the file says what is wrong with it.
    return [];
  }
  return statements.flatMap(({ node, start }) => {
    const made = createdBy(node);
    return made === undefined ? [] : [{ wholes: made, location: locate(file.path, file.text, start) }];
  });
}

function createdBy(node: Node): [string, ...string[]] | undefined {
  if ("CreateStmt" in node && node.CreateStmt.if_not_exists !== true)
    return named("table", node.CreateStmt.relation?.schemaname, node.CreateStmt.relation?.relname);
  if ("ViewStmt" in node && node.ViewStmt.replace !== true)
    return named("view", node.ViewStmt.view?.schemaname, node.ViewStmt.view?.relname);
  if ("CreateSeqStmt" in node && node.CreateSeqStmt.if_not_exists !== true)
    return named("sequence", node.CreateSeqStmt.sequence?.schemaname, node.CreateSeqStmt.sequence?.relname);
  if ("CreateFunctionStmt" in node && node.CreateFunctionStmt.replace !== true) {
    const [schema, name] = (node.CreateFunctionStmt.funcname ?? []).flatMap((part) =>
      "String" in part ? [part.String.sval ?? ""] : [],
    );
    return named("function", schema, name);
  }
  if ("CreateSchemaStmt" in node && node.CreateSchemaStmt.if_not_exists !== true)
    return [plainName(`schema ${quoteIdent(node.CreateSchemaStmt.schemaname ?? "")}`)];
  return undefined;
}

/** A name without a schema is taken for one of `public`'s, or of wherever the connection's `search_path` leads. */
function named(kind: string, schema = "", name = ""): [string, ...string[]] | undefined {
  if (schema === "" || name === "") return undefined;
  return within(`${kind} ${quoteIdent(schema)}.${quoteIdent(name)}`, quoteIdent(schema));
}
