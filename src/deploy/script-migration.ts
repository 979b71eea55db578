import { join } from "node:path";
import { TmDbError } from "../core/errors.ts";
import { placeInStack } from "../core/place-in-stack.ts";
import type { MigrationFile } from "../core/project-files.ts";

/** The SQL that a TypeScript or JavaScript migration builds for both ways. */
export interface ScriptSql {
  readonly upSql: string;
  /** Null where the script exports `down = false`. */
  readonly downSql: string | null;
  /** Whether it calls `pgm.noTransaction()`. */
  readonly noTransaction: boolean;
}

/**
 * Loads migrations in node-pg-migrate's own form with its loader (jiti), runs their `up` and `down` against its builder
 * and collects the SQL. A script that asks the database while it builds (`pgm.db`) is refused: what it would do could
 * not be shown beforehand, nor taken back without the file.
 * `known` are all scripts of the project: as in node-pg-migrate, a script may use the shorthands of those before it.
 * @throws TmDbError MIGRATION_INVALID
 */
export async function buildScripts(
  projectDir: string,
  files: readonly MigrationFile[],
  known: readonly MigrationFile[],
): Promise<ReadonlyMap<string, ScriptSql>> {
  if (files.length === 0) return new Map();
  const { loadMigrationUnits } = await import("node-pg-migrate/migrationLoader");
  const { MigrationBuilder } = await import("node-pg-migrate/migrationBuilder");
  const built = new Map<string, ScriptSql>();
  const wanted = new Set(files.map(({ path }) => path));
  const last = known.findLastIndex(({ path }) => wanted.has(path));
  let shorthands = {};
  for (const file of known.slice(0, last + 1)) {
    try {
      const [unit] = await loadMigrationUnits({}, [join(projectDir, file.path)]);
      if (unit === undefined) throw new Error("the file exports nothing");
      const { up, down } = unit.actions;
      shorthands = { ...shorthands, ...unit.actions.shorthands };
      if (!wanted.has(file.path)) continue;
      const collect = async (action: MigrationAction, isReverse: boolean) => {
        const builder = new MigrationBuilder(NO_DATABASE, shorthands, false, SILENT);
        if (isReverse) builder.enableReverseMode();
        await runAction(action, builder);
        return { sql: builder.getSqlSteps().join("\n"), noTransaction: !builder.isUsingTransaction() };
      };
      if (typeof up !== "function") throw new Error("the file does not export a function named up");
      const downSql = down === false ? null : (await collect(down ?? up, down === undefined)).sql;
      const { sql: upSql, noTransaction } = await collect(up, false);
      built.set(file.path, { upSql, downSql, noTransaction });
    } catch (error) {
      const message = (error as Error).message.split("\n")[0]?.trim() ?? "";
      throw new TmDbError("MIGRATION_INVALID", `${file.path} cannot be used: ${message}`, {
        location: placeInStack(error, file),
        hint: "the forms are described at https://salsita.github.io/node-pg-migrate/migrations/",
        cause: error,
      });
    }
  }
  return built;
}

type Builder = InstanceType<typeof import("node-pg-migrate/migrationBuilder").MigrationBuilder>;
type MigrationAction = (pgm: Builder, done?: () => void) => Promise<void> | void;

async function runAction(action: MigrationAction, builder: Builder): Promise<void> {
  // node-pg-migrate's rule: an action with two parameters says itself when it has finished.
  if (action.length === 2) await new Promise<void>((resolve) => void action(builder, resolve));
  else await action(builder);
}

const refuseQuery = (): never => {
  throw new Error(
    "pgm.db asks the database while the migration is built, which tm-db cannot show beforehand or take back",
  );
};
const NO_DATABASE = { query: refuseQuery, select: refuseQuery } as unknown as ConstructorParameters<
  typeof import("node-pg-migrate/migrationBuilder").MigrationBuilder
>[0];
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
