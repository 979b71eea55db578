import type { DatabaseName, DriftResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { withTransaction } from "../db/transaction.ts";
import { prepareMigrations } from "../deploy/apply.ts";
import { type BuildFiles, preparedFromLedger } from "../deploy/build.ts";
import { readLedger } from "../deploy/ledger.ts";
import type { LedgerState } from "../deploy/ledger-state.ts";
import { readProjectFiles } from "../files/read-project.ts";
import type { Catalog } from "../schema/catalog.ts";
import { compareIgnoring } from "../schema/ignored.ts";
import { planSql } from "../schema/plan-sql.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project, type Target } from "./context.ts";
import { withPostgrestSettings } from "./expected-settings.ts";
import { refuseIgnoredFiles } from "./ignored.ts";
import { refuseOtherDeployer } from "./refuse.ts";
import { knownEntries } from "./rollback.ts";
import { readComparable, readExpectedCatalog } from "./scratch-build.ts";

export interface DriftOptions extends CommandOptions {
  /** Compare with the files as they are now, pending ones included, and not as they were deployed. */
  readonly files?: boolean | undefined;
  /** Work out the SQL that would take the drift back. */
  readonly sql?: boolean | undefined;
}

/**
 * Compares a database with what its files build on a scratch database of the same server. The database is read in a
 * READ ONLY transaction, and what the scratch database is built with is never committed.
 * @throws TmDbError NOT_DEPLOYED where there is no ledger; PERMISSION_DENIED without CREATEDB.
 */
export async function drift(options: DriftOptions): Promise<DriftResult> {
  const startedAt = Date.now();
  const project = openProject(options);
  const against = options.files === true ? "files" : "deployed";
  const target = await openTarget(project, "must-run");
  const { database, live, files } = await withClient(target.connection, { signal: options.signal }, async (client) => {
    return await readLive(client, { project, target, against });
  });
  const { repeatables } = files;
  await refuseIgnoredFiles(project.config, { migrations: files.migrations.map(({ file }) => file), repeatables });
  const given = { files, signal: options.signal };
  const { catalog, rolesAsTheyAre } = await readExpectedCatalog(target, given);
  const all = withPostgrestSettings(catalog, { live, project, target });
  const { expected, differences, ignored } = await compareIgnoring(all, live, project.config.ignore);
  const sql = options.sql === true ? await planSql(live, expected, differences) : null;
  return {
    command: "drift",
    database,
    against,
    differences,
    ignored,
    rolesAsTheyAre,
    sql,
    equal: differences.length === 0,
    ms: Date.now() - startedAt,
  };
}

async function readLive(
  client: DatabaseClient,
  given: { readonly project: Project; readonly target: Target; readonly against: DriftResult["against"] },
): Promise<{ readonly database: DatabaseName; readonly live: Catalog; readonly files: BuildFiles }> {
  const { project, against } = given;
  const database = nameOf(given.target, client);
  return await withTransaction(client, "snapshot", async () => {
    const ledger = await readLedger(client);
    if (!ledger.exists) throw notDeployed(database);
    refuseOtherDeployer(ledger, database);
    const files = against === "files" ? await currentFiles(project) : await deployedFiles(client, project, ledger);
    return { database, live: await readComparable(client), files };
  });
}

function notDeployed({ address }: DatabaseName): TmDbError {
  return new TmDbError("NOT_DEPLOYED", `tm-db has never deployed to ${address}`, {
    hint: "deploy: npx tm-db migrate   or, if it holds what the files make already: npx tm-db adopt",
  });
}

async function currentFiles({ config }: Project): Promise<BuildFiles> {
  const { migrations, repeatables } = readProjectFiles(config);
  return { migrations: await prepareMigrations(config.projectDir, migrations), repeatables };
}

/** The files as the ledger keeps them; a migration that node-pg-migrate's own command line applied is read from its file. */
async function deployedFiles(client: DatabaseClient, project: Project, ledger: LedgerState): Promise<BuildFiles> {
  const entries = await knownEntries(client, project, ledger);
  const unknown = ledger.migrations.filter(({ name }) => !entries.has(name));
  if (unknown.length > 0) {
    throw new TmDbError("MIGRATION_MISSING", "the text of migrations that node-pg-migrate applied is not known", {
      problems: unknown.map(({ name }) => ({ message: name })),
      hint: "restore their files, and run the command again",
    });
  }
  const migrations = preparedFromLedger(ledger.migrations.flatMap(({ name }) => entries.get(name) ?? []));
  return { migrations, repeatables: ledger.repeatables };
}
