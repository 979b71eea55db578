import type { DatabaseClient } from "../db/client.ts";
import { lockFirstId } from "./relations.ts";
import type { SeedContext } from "./seed.ts";

/** What `--scale`, `--seed-value` and `--date` say. */
export interface SeedSettings {
  readonly scale: number;
  readonly seedValue: number;
  readonly date: Date;
}

/** The settings as somebody gave them, or not. */
export type GivenSettings = { readonly [Key in keyof SeedSettings]?: SeedSettings[Key] | undefined };

/** 1 unit, from 1, and a day that is always the same. */
export const DEFAULT_SETTINGS: SeedSettings = { scale: 1, seedValue: 1, date: new Date("2026-01-01T00:00:00Z") };

/** `client` is undefined where the tables will have been emptied: counting then begins at 1. */
export async function makeContext(
  settings: SeedSettings,
  given: { readonly client: DatabaseClient | undefined; readonly path: string },
): Promise<SeedContext> {
  // With the words of all languages, of which a seed in SQL needs none.
  const { Faker, base, en } = await import("@faker-js/faker");
  const faker = new Faker({ locale: [en, base], seed: settings.seedValue });
  faker.setDefaultRefDate(settings.date);
  const { client, path } = given;
  return {
    ...settings,
    faker,
    firstId: async (table) => (client === undefined ? 1 : await lockFirstId(client, table, path)),
  };
}
