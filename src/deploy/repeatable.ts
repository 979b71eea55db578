import { setImmediate as nextTurn } from "node:timers/promises";
import { type Problem, TmDbError } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import type { RepeatableFile } from "../core/project-files.ts";
import { loadSqlParser, parseSql } from "./parse-sql.ts";
import { PrivilegeIndex } from "./privilege-index.ts";
import type { Declaration } from "./declaration.ts";
import { readStatement } from "./statement.ts";

/** A repeatable file and what its statements declare, in the order of the file. */
export interface DeclaredFile {
  readonly file: RepeatableFile;
  readonly declarations: readonly PlacedDeclaration[];
  /** What its text could name: see `guessOrder`. */
  readonly mentions: ReadonlySet<string>;
}

export interface PlacedDeclaration {
  readonly declaration: Declaration;
  /** Where its statement begins in the file, in characters. */
  readonly start: number;
}

/** A file is read when it is checked and again when it is applied; parsing it once is enough. */
const declaredBefore = new WeakMap<RepeatableFile, DeclaredFile>();

/**
 * Parses files in the background, a file at a time, while PostgreSQL is busy with something else. What is wrong with
 * them is left for `declareFiles` to say.
 */
export async function declareAhead(files: readonly RepeatableFile[]): Promise<void> {
  // Whatever is to be sent goes first.
  await nextTurn();
  await loadSqlParser();
  for (const file of files) {
    await nextTurn();
    try {
      declareFiles([file]);
    } catch {
      // It will be found again, and told, when the file's turn comes.
    }
  }
}

/**
 * Reads what repeatable files declare. `loadSqlParser` must have run.
 * @throws TmDbError SQL_ERROR for a syntax error; REPEATABLE_STATEMENT for statements that cannot be taken back;
 * REPEATABLE_DUPLICATE where two declarations are the same; the latter two with every problem found.
 */
export function declareFiles(files: readonly RepeatableFile[]): DeclaredFile[] {
  const problems: Problem[] = [];
  const declared = files.map((file) => {
    const known = declaredBefore.get(file);
    if (known !== undefined) return known;
    const found = problems.length;
    const result = declareFile(file, problems);
    if (problems.length === found) declaredBefore.set(file, result);
    return result;
  });
  if (problems.length > 0) {
    throw new TmDbError("REPEATABLE_STATEMENT", "repeatable files hold statements that cannot stand there", {
      problems,
      hint: "functions/, views/ and policies/ say what should exist now; everything else goes into a migration: npx tm-db new <name>",
    });
  }
  return declared;
}

function declareFile(file: RepeatableFile, problems: Problem[]): DeclaredFile {
  const declarations = parseSql(file).flatMap(({ node, start }): PlacedDeclaration[] => {
    const reading = readStatement(node, file.folder);
    if (reading.kind === "declares") return reading.declarations.map((declaration) => ({ declaration, start }));
    problems.push({ message: `${reading.what}: ${reading.hint}`, location: locate(file.path, file.text, start) });
    return [];
  });
  return { file, declarations, mentions: findMentions(file.text) };
}

/**
 * Checks that no two files (nor one file twice) declare the same thing, given what the ledger says of the files that
 * did not change; nor two files privileges of which one is a part of the other. Without this the result would depend on
 * the order in which files happened to be applied.
 */
export function checkDuplicates(
  declared: readonly DeclaredFile[],
  unchanged: readonly { readonly path: string; readonly identities: readonly string[] }[],
): void {
  const owners = new Map<string, string>();
  const privileges = new PrivilegeIndex();
  for (const { path, identities } of unchanged) {
    for (const identity of identities) {
      owners.set(identity, path);
      privileges.add(identity, path);
    }
  }
  const problems: Problem[] = [];
  for (const { file, declarations } of declared) {
    for (const { declaration, start } of declarations) {
      const { identity } = declaration;
      const owner = owners.get(identity);
      const other = privileges.overlapping(identity).find(({ path }) => path !== file.path);
      if (owner === undefined) owners.set(identity, file.path);
      privileges.add(identity, file.path);
      const location = locate(file.path, file.text, start);
      if (owner !== undefined) problems.push({ message: `${identity} is declared in ${owner} already`, location });
      else if (other !== undefined)
        problems.push({ message: `${identity} overlaps with ${other.identity} in ${other.path}`, location });
    }
  }
  if (problems.length > 0) {
    throw new TmDbError("REPEATABLE_DUPLICATE", "the same thing is declared twice", {
      problems,
      hint: "keep one of the two declarations",
    });
  }
}

/** The order in which files are tried first: one that mentions what another creates comes after it. */
export function guessOrder(declared: readonly DeclaredFile[]): DeclaredFile[] {
  const makers = new Map<string, DeclaredFile[]>();
  for (const entry of declared) {
    for (const { declaration } of entry.declarations) {
      if (declaration.kind !== "create" || declaration.object.relation !== undefined) continue;
      const name = bareName(declaration.object.name);
      // With its schema, and as a function's body may call it by its own search_path.
      for (const key of [name, `${name.replace(/^.*\./, "")}(`]) makers.set(key, [...(makers.get(key) ?? []), entry]);
    }
  }
  const ordered = new Set<DeclaredFile>();
  const underway = new Set<DeclaredFile>();
  const visit = (entry: DeclaredFile): void => {
    if (ordered.has(entry) || underway.has(entry)) return;
    underway.add(entry);
    for (const name of entry.mentions) makers.get(name)?.forEach(visit);
    underway.delete(entry);
    ordered.add(entry);
  };
  declared.forEach(visit);
  return [...ordered];
}

// Each begins where a word begins: in a long one (base64), trying every letter would take minutes.
const QUALIFIED_NAME = /(?<![\w$\u0080-\uffff])"?[\w$\u0080-\uffff]+"?\."?[\w$\u0080-\uffff]+"?/g;
const CALLED_NAME = /(?<![\w$".\u0080-\uffff])("?[\w$\u0080-\uffff]+"?)\s*\(/g;

function findMentions(text: string): Set<string> {
  return new Set([
    ...Array.from(text.matchAll(QUALIFIED_NAME), ([name]) => bareName(name)),
    ...Array.from(text.matchAll(CALLED_NAME), ([, name = ""]) => `${bareName(name)}(`),
  ]);
}

function bareName(name: string): string {
  return name.replace(/\(.*$/s, "").replaceAll('"', "").toLowerCase();
}
