import type { SeedResult } from "../core/command-result.ts";
import { describeConnection } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { isDirectlyLocal } from "../db/direct-connection.ts";
import { withDeployment } from "../db/lock.ts";
import { refuseShadows } from "../db/shadows.ts";
import type { Timeouts } from "../db/timeouts.ts";
import { analyzeTables } from "../db/analyze.ts";
import { requireSeed, type SeedFile } from "../files/find-seed.ts";
import type { GivenSettings } from "../seed/context.ts";
import { type PreparedSeed, prepareSeed } from "../seed/prepare.ts";
import { findRelations, findReferring, type Relation, withoutPartitions } from "../seed/relations.ts";
import { applySeed, type AppliedSeed } from "./apply-seed.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project, type Target } from "./context.ts";

export interface SeedOptions extends CommandOptions, GivenSettings, Partial<Timeouts> {
  /** The file's name in `seeds/`, without its ending. */
  readonly name: string;
  /** Load beside the rows that are there. */
  readonly add?: boolean | undefined;
  /** Empty the seed's tables first; asks. */
  readonly truncate?: boolean | undefined;
  /** Leave indexes and foreign keys where they are, also in empty tables. */
  readonly keepIndexes?: boolean | undefined;
  /** Load although the database may not be on this machine. */
  readonly notProduction?: boolean | undefined;
  readonly confirm: (question: string) => Promise<boolean>;
}

/**
 * Loads a seed of the project, as one transaction.
 * @throws TmDbError; then nothing was changed.
 */
export async function seed(options: SeedOptions): Promise<SeedResult> {
  const startedAt = Date.now();
  const project = openProject(options);
  refuseContradiction(options);
  const file = await requireSeed(project.config, options.name);
  if (file.kind === "sql") refuseForSql(file.path, options);
  const target = await openTarget(project, "must-run");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    await refuseShadows(client);
    await refuseDistant(client, target, options);
    const emptying = options.truncate === true ? await confirmTruncate(client, { target, file, options }) : undefined;
    const transaction = { mode: "read write", timeouts: options, onEvent: options.onEvent } as const;
    const applied = await withDeployment(client, transaction, async () => {
      return await applySeed(client, { project, file, settings: options, options, emptying });
    });
    return {
      command: "seed",
      database: nameOf(target, client),
      path: file.path,
      ...applied.report,
      analyzed: await analyze(client, applied, project),
      ms: Date.now() - startedAt,
    };
  });
}

function refuseContradiction({ add, truncate }: SeedOptions): void {
  if (add !== true || truncate !== true) return;
  throw new TmDbError("USAGE", "--add keeps the rows that are there, and --truncate removes them", {
    hint: "leave one of them out",
  });
}

/** What a file of SQL does is written in it. */
function refuseForSql(path: string, options: SeedOptions): void {
  const given = [
    ["--scale", options.scale],
    ["--seed-value", options.seedValue],
    ["--date", options.date],
    ["--add", options.add],
    ["--truncate", options.truncate],
    ["--keep-indexes", options.keepIndexes],
  ].flatMap(([flag, value]) => (value === undefined ? [] : [String(flag)]));
  if (given.length === 0) return;
  throw new TmDbError("USAGE", `${path} is SQL and is run as it stands: ${given.join(", ")} cannot be given`, {
    hint:
      options.truncate === true ? "to begin with an empty database: npx tm-db reset" : `npx tm-db seed ${options.name}`,
  });
}

/** Seeds have known passwords: never for a database that others reach. */
async function refuseDistant(client: DatabaseClient, target: Target, options: SeedOptions): Promise<void> {
  if (target.kind === "embedded" || options.notProduction === true) return;
  if (await isDirectlyLocal(client, target.connection)) return;
  throw new TmDbError(
    "NOT_LOCAL",
    `${describeConnection(target.connection)} (${target.connection.source}) is not on this machine, or is reached through a tunnel, a pooler or a container's port`,
    {
      hint: `a seed has accounts with known passwords; if that is what you want there: npx tm-db seed ${options.name} --yes-this-is-not-production`,
    },
  );
}

/** What `--truncate` was confirmed for. */
export interface Emptying {
  readonly prepared: PreparedSeed;
  readonly relations: readonly Relation[];
}

async function confirmTruncate(
  client: DatabaseClient,
  { target, file, options }: { readonly target: Target; readonly file: SeedFile; readonly options: SeedOptions },
): Promise<Emptying | undefined> {
  if (file.kind === "sql") return undefined;
  const prepared = await prepareSeed(file, options, undefined);
  const own = await findRelations(client, prepared.data.tables, file.path);
  const referring = await findReferring(client, own);
  const others = await withoutPartitions(client, referring, { of: [...own, ...referring] });
  const names = (relations: readonly Relation[]): string =>
    relations.map((each) => `${each.schema}.${each.table}`).join(", ");
  const more =
    others.length === 0 ? "" : `, and ${names(others)}, which ${others.length === 1 ? "refers" : "refer"} to them`;
  const question = `This removes every row of ${names(own)}${more}, in ${describeConnection(target.connection)} (${target.connection.source}).`;
  if (!(await options.confirm(question))) throw new TmDbError("NOT_CONFIRMED", "nothing was removed");
  return { prepared, relations: [...own, ...others] };
}

/** Outside of the transaction, which VACUUM must be; what was loaded stays whatever becomes of this. */
async function analyze(client: DatabaseClient, applied: AppliedSeed, { options }: Project): Promise<boolean> {
  if (applied.relations.length === 0) return false;
  options.onEvent({ kind: "seed-finishing", what: "gathering statistics for the planner" });
  return await analyzeTables(
    client,
    applied.relations.map(({ quoted }) => quoted),
  );
}
