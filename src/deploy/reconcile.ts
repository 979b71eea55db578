import type { RepeatableFile } from "../core/project-files.ts";
import type { Dependencies } from "./dependencies.ts";
import type { AppliedRepeatable } from "./ledger-state.ts";
import { loadSqlParser } from "./parse-sql.ts";
import { declareFiles } from "./repeatable.ts";
import type { DeploymentRun, OnMissing } from "./run.ts";

/**
 * Brings functions, views and policies to `target`, whatever stands now: what is too much or outdated is taken back,
 * functions whose signature did not change are replaced in place, and everything missing is applied.
 * `afterMigrations` also looks for files of which a migration took something away (the policies of a table that it made
 * anew). Returns the paths that were left out because what they name is not there.
 */
export async function reconcile(
  run: DeploymentRun,
  target: readonly RepeatableFile[],
  options: { readonly onMissing: OnMissing; readonly afterMigrations: boolean },
): Promise<string[]> {
  const wanted = new Map(target.map((file) => [file.path, file]));
  const standing = new Map(run.applied.map((file) => [file.path, file]));
  const outdated = run.applied.filter(({ path, checksum }) => wanted.get(path)?.checksum !== checksum);
  if (outdated.length > 0 || (options.afterMigrations && standing.size > 0)) {
    await loadSqlParser();
    const dependencies = await run.readDependencies();
    const paths = new Set([...outdated.map(({ path }) => path), ...damagedFiles(run, dependencies)]);
    const newVersions = outdated.flatMap(({ path }) => wanted.get(path) ?? []);
    await run.takeBack(
      { paths, keepable: findKeepable(standing, newVersions, dependencies), onHeld: "fail" },
      dependencies,
    );
  }
  const present = new Set(run.applied.map(({ path }) => path));
  return await run.applyFiles(
    target.filter(({ path }) => !present.has(path)),
    options.onMissing,
  );
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
  const standing = new Map(run.applied.map((file) => [file.path, file]));
  const isOutdated = ({ path, checksum }: RepeatableFile): boolean =>
    needs.has(path) && (standing.get(path)?.checksum ?? checksum) !== checksum;
  const outdated = target.filter(isOutdated);
  if (outdated.length > 0) {
    await loadSqlParser();
    const dependencies = await run.readDependencies();
    const keepable = findKeepable(standing, outdated, dependencies);
    await run.takeBack({ paths: outdated.map(({ path }) => path), keepable, onHeld: "leave" }, dependencies);
  }
  const present = new Set(run.applied.map(({ path }) => path));
  await run.applyFiles(
    target.filter(({ path }) => !present.has(path)),
    "fail",
  );
}

function damagedFiles(run: DeploymentRun, dependencies: Dependencies): string[] {
  return run.applied
    .filter(({ made }) => made.some((entry) => !dependencies.existing.has(entry.identity)))
    .map(({ path }) => path);
}

/** Functions of changed files that `create or replace` can bring to their new version. */
function findKeepable(
  standing: ReadonlyMap<string, AppliedRepeatable>,
  newVersions: readonly RepeatableFile[],
  dependencies: Dependencies,
): Set<string> {
  const keepable = new Set<string>();
  for (const { file, declarations } of declareFiles(newVersions)) {
    const before = new Map(standing.get(file.path)?.made.map((made) => [made.identity, made.signature]));
    for (const { declaration } of declarations) {
      if (declaration.kind !== "create" || declaration.signature === undefined) continue;
      const isSame = before.get(declaration.identity) === declaration.signature;
      if (isSame && dependencies.existing.has(declaration.identity)) keepable.add(declaration.identity);
    }
  }
  return keepable;
}
