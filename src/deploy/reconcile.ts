import type { RepeatableFile } from "../core/project-files.ts";
import { closedFiles } from "./closed-file.ts";
import type { Dependencies } from "./dependencies.ts";
import type { AppliedRepeatable } from "./ledger-state.ts";
import { type HeldViews, readHeldViews, withSameColumns } from "./held-views.ts";
import { loadSqlParser } from "./parse-sql.ts";
import { declareFiles } from "./repeatable.ts";
import type { DeploymentRun, OnMissing } from "./run.ts";
import { differing, readSaid, type SaidByMigrations, sayAgain } from "./said-by-migrations.ts";

/**
 * Brings functions, views and policies to `target`, whatever stands now: what is too much or outdated is taken back,
 * functions whose signature did not change are replaced in place, and everything missing is applied.
 * `afterMigrations` also looks for files of which a migration took something away (the policies of a table that it made
 * anew). Files that name something that is not there may be left out: then the tables that they protect are closed.
 */
export async function reconcile(
  run: DeploymentRun,
  target: readonly RepeatableFile[],
  options: {
    readonly onMissing: OnMissing;
    readonly afterMigrations: boolean;
    /** What these have renamed or dropped: it may stand in functions whose bodies are texts. */
    readonly brokenNames?: readonly string[];
    /** Files that migrations need which have run. */
    readonly needed: ReadonlySet<string>;
  },
): Promise<LeftOut> {
  let said: SaidByMigrations | undefined;
  let views: HeldViews | undefined;
  const wanted = new Map(target.map((file) => [file.path, file]));
  const standing = new Map(run.applied.map((file) => [file.path, file]));
  const outdated = run.applied.filter(({ path, checksum }) => wanted.get(path)?.checksum !== checksum);
  if (outdated.length > 0 || (options.afterMigrations && standing.size > 0)) {
    await loadSqlParser();
    const dependencies = await run.readDependencies();
    const broken = await run.findBrokenByMigrations(options.brokenNames ?? []);
    const paths = new Set([...outdated.map(({ path }) => path), ...damagedFiles(run, dependencies), ...broken]);
    const again = new Set([...outdated.map(({ path }) => path), ...broken]);
    const newVersions = [...again].flatMap((path) => wanted.get(path) ?? []);
    if (paths.size > 0) said = await readSaid(run, options.needed);
    const keepable = findKeepable(standing, newVersions, dependencies);
    views = await readHeldViews(run, keepable, dependencies);
    await run.takeBack({ paths, keepable, onHeld: "fail" }, dependencies);
  }
  const present = new Set(run.applied.map(({ path }) => path));
  const apply = async (): Promise<string[]> =>
    await run.applyFiles(
      target.filter(({ path }) => !present.has(path)),
      options.onMissing,
    );
  const paths = views === undefined ? await apply() : await withSameColumns(run.client, views, apply);
  if (said !== undefined) {
    await sayAgain(run, said, differing([...standing.values()], target));
  }
  if (paths.length === 0) return { paths, closed: [] };
  const closed = await closedFiles(
    run.client,
    paths.flatMap((path) => wanted.get(path) ?? []),
  );
  const gone = new Set(await run.applyFiles(closed, "leave-out"));
  return { paths, closed: closed.map(({ path }) => path).filter((path) => !gone.has(path)) };
}

/** Files that could not be applied, and those among them whose tables are closed in their place. */
export interface LeftOut {
  readonly paths: readonly string[];
  readonly closed: readonly string[];
}

/**
 * Brings files that a migration needs to what they are from now on, before it runs: `needs` are its own, and `target` holds
 * them and those that earlier migrations need. One that something else holds stays as it is: the migration may let it go.
 */
export async function applyNeeded(
  run: DeploymentRun,
  target: readonly RepeatableFile[],
  needs: ReadonlySet<string>,
): Promise<void> {
  let said: SaidByMigrations | undefined;
  const standing = new Map(run.applied.map((file) => [file.path, file]));
  const isOutdated = ({ path, checksum }: RepeatableFile): boolean =>
    needs.has(path) && (standing.get(path)?.checksum ?? checksum) !== checksum;
  const outdated = target.filter(isOutdated);
  if (outdated.length > 0) {
    await loadSqlParser();
    const dependencies = await run.readDependencies();
    const keepable = new Set(
      [...findKeepable(standing, outdated, dependencies)].filter((identity) => !identity.startsWith("view ")),
    );
    said = await readSaid(run, new Set(target.map(({ path }) => path)));
    await run.takeBack({ paths: outdated.map(({ path }) => path), keepable, onHeld: "leave" }, dependencies);
  }
  const present = new Set(run.applied.map(({ path }) => path));
  await run.applyFiles(
    target.filter(({ path }) => !present.has(path)),
    "fail",
  );
  if (said === undefined) return;
  const before = outdated.flatMap(({ path }) => standing.get(path) ?? []);
  await sayAgain(run, said, { before, after: outdated });
}

function damagedFiles(run: DeploymentRun, dependencies: Dependencies): string[] {
  return run.applied
    .filter(({ made }) => made.some((entry) => !dependencies.existing.has(entry.identity)))
    .map(({ path }) => path);
}

/**
 * What of changed files `create or replace` can bring to its new version: functions, and views that could not be dropped
 * anyway. Those must keep their columns: see `withSameColumns`.
 */
function findKeepable(
  standing: ReadonlyMap<string, AppliedRepeatable>,
  newVersions: readonly RepeatableFile[],
  dependencies: Dependencies,
): Set<string> {
  const keepable = new Set<string>();
  for (const { file, declarations } of declareFiles(newVersions)) {
    const before = new Map(standing.get(file.path)?.made.map((made) => [made.identity, made.signature]));
    for (const { declaration } of declarations) {
      if (declaration.kind !== "create" || !dependencies.existing.has(declaration.identity)) continue;
      const { identity, object, signature } = declaration;
      const isSame = before.has(identity) && before.get(identity) === signature;
      const isHeldView = object.type === "view" && (dependencies.holders.get(identity) ?? []).length > 0;
      if (isSame && (signature !== undefined || isHeldView)) keepable.add(identity);
    }
  }
  return keepable;
}
