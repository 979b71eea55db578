import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { type ScratchTarget, withScratchDatabase } from "../db/scratch-database.ts";
import { undone, withTransaction } from "../db/transaction.ts";
import { type BuildFiles, buildFromNothing } from "../deploy/build.ts";
import type { FileChange } from "../deploy/ledger-writing.ts";
import { buildWithOwnRoles, rolesLeft, rolesNamed } from "../deploy/roles-aside.ts";
import { type Catalog, readCatalogWithin, withoutDatabaseItself } from "../schema/catalog.ts";
import { withoutRoles } from "../schema/without-roles.ts";

interface ScratchBuild {
  readonly files: BuildFiles;
  readonly signal: AbortSignal | undefined;
}

/**
 * Builds files on a scratch database and hands the connection to `callback`. All in a transaction that is never
 * committed: roles belong to the whole server, and stay as they are.
 */
export async function withScratchBuild<T>(
  target: ScratchTarget,
  { files, signal }: ScratchBuild,
  callback: (client: DatabaseClient) => Promise<T>,
): Promise<T> {
  return await withScratchDatabase(target, { signal }, async (scratch) => {
    return await withClient(scratch, { signal }, async (client) => {
      return await withTransaction<T>(client, "read write", async () => {
        await buildFromNothing(client, files);
        return undone(await callback(client));
      });
    });
  });
}

/** What files make, roles included. */
export interface ExpectedCatalog {
  readonly catalog: Catalog;
  /** What a ledger would hold of it. */
  readonly changes: readonly FileChange[];
  /** Roles of which the build could not make its own: what was given to them by hand is in `catalog` too. */
  readonly rolesAsTheyAre: readonly string[];
}

/** Builds files on a scratch database as above, with roles of their own, and reads what `readComparable` does. */
export async function readExpectedCatalog(
  target: ScratchTarget,
  { files, signal }: ScratchBuild,
): Promise<ExpectedCatalog> {
  return await withScratchDatabase(target, { signal }, async (scratch) => {
    return await withClient(scratch, { signal }, async (client) => {
      const all = await rolesNamed(client, files);
      for (let names = all; ;) {
        try {
          const expected = await withTransaction(client, "read write", async () => {
            const { run, aside, rolesAsTheyAre } = await buildWithOwnRoles(client, files, names);
            return undone({ catalog: await readComparable(client, aside), changes: run.changes(), rolesAsTheyAre });
          });
          // What is only named in the files, and whatever else made the build fail, is in both catalogs the same.
          const isNone = names.length === 0;
          return { ...expected, rolesAsTheyAre: isNone ? all : expected.rolesAsTheyAre };
        } catch (error) {
          if (names.length === 0 || !(error instanceof TmDbError) || error.code === "INTERRUPTED") throw error;
          names = rolesLeft(names, error);
        }
      }
    });
  });
}

/**
 * What is comparable between a live database and a scratch build of its files, in the transaction that is open. `aside` are
 * roles that are there for the build only.
 */
export async function readComparable(client: DatabaseClient, aside: ReadonlySet<string> = new Set()): Promise<Catalog> {
  const { rows } = await client.query<{ self: string }>("select current_user as self");
  const catalog = withoutDatabaseItself(await readCatalogWithin(client));
  return await withoutRoles(catalog, { aside, self: rows[0]?.self ?? "" });
}
