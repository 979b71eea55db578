import { TmDbError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import { locate } from "../core/locate.ts";
import type { MigrationFile, RepeatableFile, SourceFile } from "../core/project-files.ts";
import { prepareMigrations } from "../deploy/apply.ts";
import { onlyPart, splitMigration } from "../deploy/migration-sql.ts";
import { parseSql } from "../deploy/parse-sql.ts";
import { checkDuplicates, type DeclaredFile, declareFiles } from "../deploy/repeatable.ts";
import { ignoredBefore } from "../lint/ignored.ts";
import { checkMigrationStatement, checkStatement, protectedTable, type RuleContext } from "../lint/rules.ts";
import { findSquawk, type PlacedFinding, runSquawk } from "../lint/squawk.ts";

export interface LintSettings {
  readonly projectDir: string;
  /** The PostgreSQL version that squawk judges for. */
  readonly pgMajor: number;
  /** All migrations of the project: scripts may use what those before them define. */
  readonly known: readonly MigrationFile[];
  /** Whether functions have files of their own. */
  readonly hasFunctionFiles: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** How many programs run side by side: each is short, and waits for nothing. */
const AT_ONCE = 4;

/** What `migrate` would refuse in migrations, and what squawk says of their ways up. `loadSqlParser` must have run. */
export async function lintMigrations(files: readonly MigrationFile[], settings: LintSettings): Promise<Finding[]> {
  if (files.length === 0) return [];
  const program = findSquawk();
  const prepared = await prepareEach(files, settings);
  const findings: Finding[] = [];
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const batch = prepared.slice(at, at + AT_ONCE);
    const found = await Promise.all(batch.map(async (entry) => await lintMigration(entry, program, settings)));
    findings.push(...found.flat());
  }
  return findings;
}

/** A migration's way up, or why it has none. */
interface Prepared {
  readonly file: MigrationFile;
  readonly upSql: string;
  readonly noTransaction: boolean;
  readonly error?: unknown;
}

/** All together, and where one of them is wrong each by itself: then all that are wrong are found. */
async function prepareEach(files: readonly MigrationFile[], settings: LintSettings): Promise<Prepared[]> {
  const { projectDir, known } = settings;
  try {
    const prepared = await prepareMigrations(projectDir, files, known);
    return prepared.map(({ file, entry, noTransaction }) => ({ file, upSql: entry.upSql, noTransaction }));
  } catch {
    const one = async (file: MigrationFile): Promise<Prepared> => {
      try {
        const [prepared] = await prepareMigrations(projectDir, [file]);
        return { file, upSql: prepared?.entry.upSql ?? "", noTransaction: prepared?.noTransaction === true };
      } catch (error) {
        return { file, upSql: "", noTransaction: false, error };
      }
    };
    return await Promise.all(files.map(one));
  }
}

async function lintMigration(prepared: Prepared, program: string, settings: LintSettings): Promise<Finding[]> {
  const { file, upSql, error } = prepared;
  if (error !== undefined) return refusals(file, error);
  try {
    const isSql = file.language === "sql";
    const sql = isSql ? checkedWays(file) : upSql;
    const inTransaction = !prepared.noTransaction;
    const found = await runSquawk(program, { ...settings, path: file.path, sql, inTransaction });
    const statements = settings.hasFunctionFiles ? parseSql({ path: file.path, text: sql }) : [];
    const own = statements.flatMap(checkMigrationStatement);
    return [...found, ...own].map((entry) => (isSql ? placed(file, entry) : placedInScript(file, entry, upSql)));
  } catch (failure) {
    return refusals(file, failure);
  }
}

/** Parses both ways, so that a syntax error is PostgreSQL's own and is found once; returns the way up at its place. */
function checkedWays(file: MigrationFile): string {
  const { up, down } = splitMigration(file);
  const text = onlyPart(file.text, up);
  parseSql({ path: file.path, text });
  // What a way back drops is what it is for, so squawk has nothing to say of it.
  if (down !== undefined) parseSql({ path: file.path, text: onlyPart(file.text, down) });
  return text;
}

/** What `migrate` would refuse in repeatable files, and what our own rules say. `loadSqlParser` must have run. */
export function lintRepeatables(
  files: readonly RepeatableFile[],
  project: { readonly all: readonly RepeatableFile[]; readonly context: RuleContext },
): Finding[] {
  const named = new Set(files.map(({ path }) => path));
  const declared: DeclaredFile[] = [];
  const findings: Finding[] = [];
  for (const file of project.all) {
    const found: Finding[] = [];
    try {
      found.push(...checkedByRules(file, project.context));
      declared.push(...declareFiles([file]));
    } catch (error) {
      found.push(...refusals(file, error));
    }
    if (named.has(file.path)) findings.push(...found);
  }
  return [...findings, ...duplicates(declared).filter(({ location }) => named.has(location.file))];
}

function checkedByRules(file: RepeatableFile, context: RuleContext): Finding[] {
  return parseSql(file).flatMap((statement) => {
    const ignored = ignoredBefore(file.text, statement.start);
    const found = checkStatement(statement, context).filter(({ rule }) => !ignored.has(rule));
    return found.map((entry) => placed(file, entry));
  });
}

function duplicates(declared: readonly DeclaredFile[]): Finding[] {
  try {
    checkDuplicates(declared, []);
    return [];
  } catch (error) {
    const [first] = declared;
    return first === undefined ? [] : refusals(first.file, error);
  }
}

/** The tables for which the files enable row level security; what cannot be parsed is told elsewhere. */
export function protectedTables(files: readonly SourceFile[]): ReadonlySet<string> {
  const tables = files.flatMap((file) => {
    try {
      return parseSql(file).flatMap(({ node }) => protectedTable(node) ?? []);
    } catch (error) {
      if (error instanceof TmDbError) return [];
      throw error;
    }
  });
  return new Set(tables);
}

const RULE_OF: Readonly<Record<string, string>> = {
  SQL_ERROR: "syntax-error",
  REPEATABLE_STATEMENT: "refused-statement",
  REPEATABLE_DUPLICATE: "declared-twice",
  MIGRATION_INVALID: "invalid-migration",
};

/** An error about a file as findings: what `migrate` would stop at. Others are thrown on. */
function refusals(file: SourceFile, error: unknown): Finding[] {
  const rule = error instanceof TmDbError ? RULE_OF[error.code] : undefined;
  if (!(error instanceof TmDbError) || rule === undefined) throw error;
  const problems = error.problems.length > 0 ? error.problems : [error];
  return problems.map(({ message, location }) => ({
    rule,
    severity: "error",
    message,
    help: error.hint ?? null,
    url: null,
    location: location ?? locate(file.path, file.text, 0),
  }));
}

function placed(file: SourceFile, { offset, ...finding }: PlacedFinding): Finding {
  return { ...finding, location: locate(file.path, file.text, offset) };
}

/** A script's SQL stands in no file: its beginning is named, and the built line shown. */
function placedInScript(file: SourceFile, { offset, ...finding }: PlacedFinding, built: string): Finding {
  return { ...finding, location: locate(file.path, file.text, 0), sql: locate(file.path, built, offset).text.trim() };
}
