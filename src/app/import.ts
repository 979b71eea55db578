import { basename, relative, resolve } from "node:path";
import type { ImportedFile, ImportResult } from "../core/command-result.ts";
import { convertDbmate, importedName } from "../core/dbmate.ts";
import { type Problem, TmDbError } from "../core/errors.ts";
import { findTransactionControl, splitMigration } from "../deploy/migration-sql.ts";
import { ensureMigrationsFolder } from "../files/create-migration.ts";
import { listFiles, writeNewFiles } from "../files/import-folder.ts";
import { checkMigrationSum, writeMigrationSum } from "../files/migration-sum.ts";
import { orderMigrationNames } from "../files/migration-order.ts";
import { readMigrations, readSource } from "../files/read-project.ts";
import { type CommandOptions, openProject, type Project } from "./context.ts";

export interface ImportOptions extends CommandOptions {
  /** The folder of dbmate's migrations, absolute or relative to the project. */
  readonly folder: string;
  readonly dryRun?: boolean | undefined;
}

interface Conversion extends ImportedFile {
  readonly text: string;
}

/**
 * Writes dbmate's migrations in tm-db's form into `migrations/`: all of them or none, and over no file that is there.
 * @throws TmDbError USAGE for a folder without such files; IMPORT_REFUSED with every file that cannot be converted.
 */
export async function importMigrations(options: ImportOptions): Promise<ImportResult> {
  const project = openProject(options);
  const { config } = project;
  const folder = relative(config.projectDir, resolve(config.projectDir, options.folder)).replaceAll("\\", "/");
  refuseOwnFolder(folder, config.paths.migrations);
  const names = await listFiles(config.projectDir, folder);
  const sources = names.filter((name) => importedName(name) !== undefined).toSorted();
  if (sources.length === 0) {
    throw new TmDbError(
      "USAGE",
      `${folder}/ holds no migrations of dbmate: no file is named like 20240131120000_what.sql`,
      {
        hint: "name the folder that dbmate is given as --migrations-dir, by default: npx tm-db import db/migrations",
      },
    );
  }
  const files = convertAll(project, folder, sources);
  if (options.dryRun !== true) await writeAll(project, files);
  return {
    command: "import",
    dryRun: options.dryRun === true,
    files: files.map(({ from, to, notes }) => ({ from, to, notes })),
    skipped: names.filter((name) => !sources.includes(name)).map((name) => `${folder}/${name}`),
  };
}

function refuseOwnFolder(folder: string, migrations: string): void {
  if (folder !== migrations) return;
  throw new TmDbError("USAGE", `${folder}/ is the folder that is written to`, {
    hint: `move dbmate's files out of it first: mv ${folder} dbmate && npx tm-db import dbmate`,
  });
}

function convertAll(project: Project, folder: string, names: readonly string[]): Conversion[] {
  const problems: Problem[] = [];
  const files: Conversion[] = [];
  for (const name of names) {
    const source = readSource(project.config, `${folder}/${name}`);
    const converted = convertDbmate(source.text);
    const to = `${project.config.paths.migrations}/${importedName(name) ?? name}`;
    if (typeof converted === "string") problems.push({ message: `${source.path}: ${converted}` });
    else
      files.push({
        from: source.path,
        to,
        text: converted.text,
        notes: [...converted.notes, ...moreNotes(to, converted.text)],
      });
  }
  problems.push(...orderProblems(files));
  refuse(problems);
  return files;
}

/** What runs differently here: said beforehand, since `migrate` would say it one file at a time. */
function moreNotes(to: string, text: string): string[] {
  const { up, down } = splitMigration({ text });
  const controls = [up, down].some((part) => part !== undefined && findTransactionControl(part.sql) !== undefined);
  return controls ? [`begins or ends a transaction, which migrate refuses: delete that in ${to}`] : [];
}

/** dbmate runs files by their names as texts, tm-db by their numbers. */
function orderProblems(files: readonly Conversion[]): Problem[] {
  const written = files.map(({ to }) => basename(to));
  const ordered = orderMigrationNames(written);
  const at = ordered.findIndex((name, index) => name !== written[index]);
  if (at === -1) return [];
  return [
    {
      message: `dbmate runs ${written[at] ?? ""} before ${ordered[at] ?? ""}, and tm-db goes by the number: rename them`,
    },
  ];
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new TmDbError("IMPORT_REFUSED", "files cannot be converted; nothing was written", {
    problems,
    hint: "mend or move them, and run the command again",
  });
}

async function writeAll({ config, options }: Project, files: readonly Conversion[]): Promise<void> {
  await ensureMigrationsFolder(config);
  checkMigrationSum(config, readMigrations(config));
  const undo = await writeNewFiles(
    config.projectDir,
    files.map(({ to, text }) => ({ path: to, text })),
    options.signal,
  );
  try {
    await writeMigrationSum(config, readMigrations(config));
  } catch (error) {
    await undo();
    throw error;
  }
}
