import { isUtf8 } from "node:buffer";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Config } from "../config/config.ts";
import { checksum } from "../core/checksum.ts";
import { hasDbmateMarkers } from "../core/dbmate.ts";
import { readDirectives } from "../core/directives.ts";
import { type Problem, TmDbError } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import { maskSql } from "../core/mask-sql.ts";
import type {
  MigrationFile,
  ProjectFiles,
  RepeatableFile,
  RepeatableFolder,
  SourceFile,
} from "../core/project-files.ts";
import { quoteForShell } from "../core/quote-for-shell.ts";
import { migrationNumber, orderMigrationNames } from "./migration-order.ts";

const FOLDERS: readonly RepeatableFolder[] = ["functions", "views", "policies"];
const SCRIPT_ENDINGS = new Set([".ts", ".js", ".mts", ".mjs", ".cts", ".cjs"]);

/**
 * Reads the migrations and repeatables of a project, one after another: they are small, and waiting for each in turn
 * costs less than a queue of promises, whatever their number. Files that start with `.` or `_`, and endings that are not
 * migrations, are passed over in the repeatable folders; in `migrations/` an unknown file is a problem, since a
 * misspelt name would otherwise be a migration that never runs. `tm-db.sum` and `README.md` may stand there.
 * @throws TmDbError PROJECT_NOT_FOUND, FILE_UNREADABLE, FILE_NOT_UTF8, MIGRATION_NAME, MIGRATION_DUPLICATE,
 * MIGRATION_FORM, MIGRATION_DIRECTIVE; each with every problem found.
 */
export function readProjectFiles(config: Config): ProjectFiles {
  return readWhole(readInPieces(config));
}

/** The same, begun at once and a few files at a time: what waits for a server has its turns in between. */
export async function readProjectFilesAside(config: Config): Promise<ProjectFiles> {
  const reading = readInPieces(config);
  for (let piece = reading.next(); ; piece = reading.next()) {
    if (piece.done === true) return piece.value;
    await nextTurn();
  }
}

/** Stops now and then. */
type Pieces<Result> = Generator<void, Result, void>;

const ITEMS_IN_A_PIECE = 20;

function readWhole<Result>(reading: Pieces<Result>): Result {
  for (let piece = reading.next(); ; piece = reading.next()) if (piece.done === true) return piece.value;
}

function* readInPieces(config: Config): Pieces<ProjectFiles> {
  const files = { migrations: yield* migrationsInPieces(config), repeatables: yield* repeatablesInPieces(config) };
  checkDirectives(files);
  return files;
}

/** @throws TmDbError PROJECT_NOT_FOUND for a folder without migrations. */
export function assertProject(config: Config): void {
  if (!existsSync(join(config.projectDir, config.paths.migrations))) throw notFound(config);
}

function notFound({ projectDir, paths }: Config): TmDbError {
  return new TmDbError("PROJECT_NOT_FOUND", `${join(projectDir, paths.migrations)} is not there`, {
    hint: "change to the folder of a project, or start one with: npx tm-db new <name>",
  });
}

/** Reads the migrations alone, in their order. @throws TmDbError as `readProjectFiles` does. */
export function readMigrations(config: Config): MigrationFile[] {
  return readWhole(migrationsInPieces(config));
}

function* migrationsInPieces(config: Config): Pieces<MigrationFile[]> {
  const folder = config.paths.migrations;
  const names = listFolder(config, folder)?.filter((name) => !name.includes("/") && !/^[._]/.test(name));
  if (names === undefined) throw notFound(config);
  const candidates = names.filter((name) => name !== "tm-db.sum" && endingOf(name).toLowerCase() !== ".md");
  const isNamed = (name: string): boolean =>
    /^\d+_./.test(name) && (name.endsWith(".sql") || SCRIPT_ENDINGS.has(endingOf(name)));
  failOnAny("MIGRATION_NAME", {
    problems: candidates.filter((name) => !isNamed(name)).map((name) => ({ message: `${folder}/${name}` })),
    message: `${folder}/ holds files that are not named NNNN_what.sql, .ts or .js`,
    hint: "rename them, or move them out of the folder; npx tm-db new <name> makes the next one",
  });
  const sorted = orderMigrationNames(candidates);
  failOnAny("MIGRATION_DUPLICATE", {
    problems: duplicates(sorted).map((group) => ({ message: group.map((name) => `${folder}/${name}`).join(" and ") })),
    message: "migrations have the same number",
    hint: "give the later one the next free number",
  });
  const sources = yield* inPieces(sorted, (name) => readSource(config, `${folder}/${name}`));
  refuseDbmate(sources, folder);
  return yield* inPieces(sources, ({ path, text, checksum }): MigrationFile => {
    const ending = endingOf(path);
    const language = ending === ".sql" ? "sql" : "script";
    const name = path.slice(folder.length + 1, -ending.length);
    return { path, text, checksum, name, language, directives: readDirectives({ path, text }, language) };
  });
}

function* inPieces<Item, Result>(items: readonly Item[], convert: (item: Item) => Result): Pieces<Result[]> {
  const results: Result[] = [];
  for (const item of items) {
    results.push(convert(item));
    if (results.length % ITEMS_IN_A_PIECE === 0) yield;
  }
  return results;
}

/** What `extname` answers for names like these, in a third of the time: there may be thousands. */
function endingOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot < 1 ? "" : name.slice(dot);
}

/** Without its markers, a file of dbmate would run both of its ways, one after the other. */
function refuseDbmate(sources: readonly SourceFile[], folder: string): void {
  const found = sources.filter(({ path, text }) => path.endsWith(".sql") && isDbmate(text));
  failOnAny("MIGRATION_FORM", {
    problems: found.map(({ path, text }) => ({
      message: "is a migration of dbmate",
      location: locate(path, text, text.search(/^--\s*migrate:/m)),
    })),
    message: `${folder}/ holds migrations that were written for dbmate`,
    hint: `convert them: mv ${folder} dbmate && npx tm-db import dbmate`,
  });
}

function isDbmate(text: string): boolean {
  if (!hasDbmateMarkers(text)) return false;
  // What stands in a string or a function's body is no marker.
  const visible = maskSql(text, { comments: false });
  return hasDbmateMarkers(visible) && !/^\s*--[\s-]*(up|down)\s+migration/im.test(visible);
}

function duplicates(sorted: readonly string[]): string[][] {
  const byNumber = new Map<number, string[]>();
  for (const name of sorted) {
    const number = migrationNumber(name);
    byNumber.set(number, [...(byNumber.get(number) ?? []), name]);
  }
  return [...byNumber.values()].filter((group) => group.length > 1);
}

function* repeatablesInPieces(config: Config): Pieces<RepeatableFile[]> {
  const files: RepeatableFile[] = [];
  for (const folder of FOLDERS) {
    const names = listFolder(config, config.paths[folder]) ?? [];
    const wanted = names.filter((name) => name.endsWith(".sql") && !/(^|\/)[._]/.test(name)).toSorted();
    const read = (name: string): RepeatableFile => {
      const { path, text, checksum } = readSource(config, `${config.paths[folder]}/${name}`);
      return { path, text, checksum, folder };
    };
    files.push(...(yield* inPieces(wanted, read)));
  }
  return files;
}

const CONTROL_CHARACTER = /\p{Cc}/u;

/** The files below a folder, with `/` between folders; undefined where there is no such folder. */
export function listFolder(config: Config, folder: string): string[] | undefined {
  const root = join(config.projectDir, folder);
  try {
    const entries = readdirSync(root, { withFileTypes: true, recursive: true });
    const strange = entries.find(({ name }) => CONTROL_CHARACTER.test(name));
    if (strange !== undefined) {
      throw new TmDbError(
        "FILE_UNREADABLE",
        `the name ${JSON.stringify(strange.name)} in ${folder}/ holds a control character`,
        {
          hint: "rename the file",
        },
      );
    }
    // To read a pipe is to wait for whoever writes into it.
    const special = entries.find((entry) => !entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink());
    if (special !== undefined) {
      throw new TmDbError("FILE_UNREADABLE", `${special.name} in ${folder}/ is a pipe, socket or device, and no file`, {
        hint: "move it out of the folder",
      });
    }
    // By hand: normalising a thousand paths takes longer than reading the folder.
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length + 1).replaceAll("\\", "/"));
  } catch (error) {
    if (error instanceof TmDbError) throw error;
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw unreadable(folder, error);
  }
}

const REPLACEMENT_CHARACTER = "\uFFFD";

/** Reads one file of SQL. @throws TmDbError FILE_UNREADABLE, FILE_NOT_UTF8. */
export function readSource(config: Config, path: string): SourceFile {
  const decoded = readText(`${config.projectDir}/${path}`, path);
  if (decoded.includes("\0")) {
    throw new TmDbError("FILE_NOT_UTF8", `${path} holds a NUL character, which PostgreSQL cannot store`, {
      hint: "save the file as UTF-8 text",
    });
  }
  const text = decoded.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  return { path, text, checksum: checksum(text) };
}

/** Node reads a text twice as fast as bytes, but for what is no UTF-8 it puts the replacement character. */
function readText(file: string, path: string): string {
  let text: string;
  let bytes: Buffer;
  try {
    text = readFileSync(file, "utf8");
    if (!text.includes(REPLACEMENT_CHARACTER)) return text;
    bytes = readFileSync(file);
  } catch (error) {
    throw unreadable(path, error);
  }
  // The character may stand there as it is.
  if (isUtf8(bytes)) return text;
  throw notUtf8(path, bytes, text);
}

/** With the first place that is none, and the command that saves the file anew. */
function notUtf8(path: string, bytes: Buffer, text: string): TmDbError {
  const isUtf16 = bytes[0] === 0xff || bytes[0] === 0xfe;
  const [from, to] = [quoteForShell(path), quoteForShell(`${path}.utf8`)];
  return new TmDbError("FILE_NOT_UTF8", `${path} is not UTF-8`, {
    location: locate(path, text, text.indexOf(REPLACEMENT_CHARACTER)),
    hint: `save it as UTF-8, for example: iconv -f ${isUtf16 ? "utf-16" : "latin1"} -t utf-8 ${from} > ${to} && mv ${to} ${from}`,
  });
}

function unreadable(path: string, error: unknown): TmDbError {
  return new TmDbError("FILE_UNREADABLE", `cannot read ${path}: ${(error as Error).message}`, {
    hint: `look at what is there: ls -ld ${path}`,
    cause: error,
  });
}

function checkDirectives(files: ProjectFiles): void {
  const known = new Set(files.repeatables.map((file) => file.path));
  const problems: Problem[] = files.migrations.flatMap((migration) =>
    migration.directives.needs
      .filter((path) => !known.has(path))
      .map((path) => ({ message: `${migration.path} needs ${path}, which is not there` })),
  );
  failOnAny("MIGRATION_DIRECTIVE", {
    problems,
    message: "migrations name files that are not there",
    hint: "write the path from the project's folder, such as: -- tm-db: needs functions/auth/user_id.sql",
  });
}

function failOnAny(
  code: "MIGRATION_NAME" | "MIGRATION_FORM" | "MIGRATION_DUPLICATE" | "MIGRATION_DIRECTIVE",
  found: { readonly problems: readonly Problem[]; readonly message: string; readonly hint: string },
): void {
  if (found.problems.length > 0)
    throw new TmDbError(code, found.message, { problems: found.problems, hint: found.hint });
}
