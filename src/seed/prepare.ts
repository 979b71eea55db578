import type { DatabaseClient } from "../db/client.ts";
import { checkSeedData, seedOf } from "./check-data.ts";
import { seedFailed } from "./checked-rows.ts";
import { DEFAULT_SETTINGS, type GivenSettings, makeContext } from "./context.ts";
import type { SeedData } from "./seed.ts";

/** What a seed said it would load; its rows can be read once. */
export interface PreparedSeed {
  readonly path: string;
  readonly data: SeedData;
}

/**
 * Calls a script's seed. `client` is for the first free numbers, in the transaction of the load; undefined where the
 * tables will be emptied first.
 * @throws TmDbError SEED_INVALID, SEED_FAILED
 */
export async function prepareSeed(
  { path, exported }: { readonly path: string; readonly exported: unknown },
  given: GivenSettings,
  client: DatabaseClient | undefined,
): Promise<PreparedSeed> {
  const seed = seedOf(exported, path);
  const settings = {
    scale: given.scale ?? DEFAULT_SETTINGS.scale,
    seedValue: given.seedValue ?? DEFAULT_SETTINGS.seedValue,
    date: given.date ?? DEFAULT_SETTINGS.date,
  };
  try {
    return { path, data: checkSeedData(await seed(await makeContext(settings, { client, path })), path) };
  } catch (error) {
    throw seedFailed(error, path, "before its first row");
  }
}
