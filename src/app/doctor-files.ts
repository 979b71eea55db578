import type { Config } from "../config/config.ts";
import { TmDbError } from "../core/errors.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { DatabaseClient } from "../db/client.ts";
import { createdExtensions } from "../deploy/created-extensions.ts";
import { findLedger, readLedger } from "../deploy/ledger.ts";
import { findOrphans } from "../deploy/orphans.ts";
import { compareFiles, type FileStatus } from "../deploy/plan.ts";
import { failureVerdict } from "../doctor/alone.ts";
import { checkExtensions } from "../doctor/extensions.ts";
import { allOr, listed, ok, problem, skipped, type Verdict, warning } from "../doctor/verdict.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import type { CommandOptions, Project } from "./context.ts";
import { drift } from "./drift.ts";
import { splitOrphans } from "./ignored.ts";

/** The files, or what is wrong with them; undefined in a folder without migrations, whose database somebody else deploys. */
export type ReadFiles = ProjectFiles | TmDbError | undefined;

export function isReadable(files: ReadFiles): files is ProjectFiles {
  return files !== undefined && !(files instanceof TmDbError);
}

export function readFiles(project: Project): ReadFiles {
  try {
    const files = readProjectFiles(project.config);
    checkMigrationSum(project.config, files.migrations);
    return files;
  } catch (error) {
    if (!(error instanceof TmDbError)) throw error;
    return error.code === "PROJECT_NOT_FOUND" ? undefined : error;
  }
}

export async function checkFiles(client: DatabaseClient, files: ReadFiles): Promise<readonly Verdict[]> {
  if (files === undefined) return [skipped("no migrations/ here to compare the database with")];
  if (files instanceof TmDbError) throw files;
  const ledger = await readLedger(client);
  const statuses = compareFiles(files, ledger);
  if (!ledger.exists && statuses.length > 0) {
    return [
      problem(
        "tm-db has never deployed to this database",
        "npx tm-db migrate   or, if it holds what the files make already: npx tm-db adopt",
      ),
    ];
  }
  return judgeFiles(statuses);
}

/** What can be said of files in a state other than applied, and the command that shows or settles it. */
const STATES: Readonly<Record<Exclude<FileStatus["state"], "applied">, readonly [words: string, next: string]>> = {
  unfinished: ["began and did not end", "npx tm-db resolve <migration> --applied   or --rolled-back"],
  edited: ["changed after it was applied", "restore it, and put the change in a new one: npx tm-db new <name>"],
  missing: ["was applied, and its file is gone", "restore the file, or see: npx tm-db status"],
  "out-of-order": ["stands before one that is applied", "npx tm-db status"],
  pending: ["not deployed yet", "npx tm-db migrate"],
  changed: ["changed since it was deployed", "npx tm-db migrate"],
  removed: ["deployed, and its file is gone", "npx tm-db migrate"],
};

export function judgeFiles(statuses: readonly FileStatus[]): readonly Verdict[] {
  const states = Object.keys(STATES) as (keyof typeof STATES)[];
  const wrong = states.flatMap((state): Verdict[] => {
    const paths = statuses.filter((file) => file.state === state).map(({ path }) => path);
    const [words, next] = STATES[state];
    return paths.length === 0 ? [] : [problem(`${listed(paths)}: ${words}`, next)];
  });
  return allOr(wrong, statuses.length === 1 ? "1 file, deployed" : `${statuses.length} files, all deployed`);
}

export async function checkNeededExtensions(client: DatabaseClient, files: ReadFiles): Promise<readonly Verdict[]> {
  if (files === undefined) return [skipped("no migrations/ here to say which it needs")];
  if (files instanceof TmDbError) return [skipped("the files cannot be read, so nobody knows which they create")];
  return await checkExtensions(client, await createdExtensions(files.migrations));
}

export async function checkOrphans(client: DatabaseClient, config: Config): Promise<readonly Verdict[]> {
  const ledger = await findLedger(client);
  if (ledger.lost.length > 0) return [skipped("the ledger, which says what files made, is damaged")];
  if (!ledger.exists) return [skipped("tm-db has never deployed to this database")];
  const { orphans } = splitOrphans(config, await findOrphans(client, ledger.repeatables));
  if (orphans.length > 0) return [warning(`no file makes ${listed(orphans)}`, "npx tm-db drift")];
  return [ok("nothing that no file made, at a glance (for certain: npx tm-db doctor --drift)")];
}

export async function checkDrift(options: CommandOptions): Promise<readonly Verdict[]> {
  try {
    const { equal, differences } = await drift(options);
    if (equal) return [ok("the catalog is what the deployed files make")];
    const objects = differences.map(({ object }) => object);
    return [problem(`the catalog differs from what the deployed files make: ${listed(objects)}`, "npx tm-db drift")];
  } catch (error) {
    if (error instanceof TmDbError && (error.code === "NOT_DEPLOYED" || error.code === "PERMISSION_DENIED")) {
      return [skipped(error.message, error.hint ?? null)];
    }
    const verdict = failureVerdict(error);
    if (verdict === undefined) throw error;
    return [verdict];
  }
}
