import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { TmDbError } from "../core/errors.ts";
import { unwritable } from "../core/unwritable.ts";

const DIGITS = 4;

/**
 * Creates `migrations/NNNN_slug.sql` with the next free number. Returns its path relative to the project. Never
 * overwrites: of two at the same moment, one gets the next number.
 * @throws TmDbError FILE_UNWRITABLE.
 */
export async function createMigration(config: Config, slug: string): Promise<string> {
  const folder = config.paths.migrations;
  try {
    for (let number = (await lastNumber(config, folder)) + 1; ; number += 1) {
      const path = `${folder}/${String(number).padStart(DIGITS, "0")}_${slug}.sql`;
      try {
        await writeWhole(join(config.projectDir, path), template(slug));
        return path;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
    }
  } catch (error) {
    throw notMade(folder, error);
  }
}

/** Never over a file that is there; and none stays empty, as one on a full disk would: it could be deployed. */
async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(file, "", { flag: "wx" });
  try {
    await writeFile(file, text);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** Makes the folder of the migrations where there is none. @throws TmDbError FILE_UNWRITABLE. */
export async function ensureMigrationsFolder(config: Config): Promise<void> {
  const folder = config.paths.migrations;
  try {
    await mkdir(join(config.projectDir, folder), { recursive: true });
  } catch (error) {
    throw notMade(folder, error);
  }
}

function notMade(folder: string, error: unknown): TmDbError {
  return unwritable(`cannot write into ${folder}/`, error, `check the permissions: ls -ld ${folder}`);
}

/** What a migration does, as part of its file's name. @throws TmDbError USAGE where nothing of it can be. */
export function migrationSlug(name: string): string {
  const slug = name
    .trim()
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  if (slug !== "") return slug;
  throw new TmDbError("USAGE", `${JSON.stringify(name)} gives no file name`, {
    hint: "for example: npx tm-db new add_due_dates",
  });
}

async function lastNumber(config: Config, folder: string): Promise<number> {
  const names = await readdir(join(config.projectDir, folder));
  const numbers = names.map((name) => Number.parseInt(name, 10)).filter((number) => Number.isSafeInteger(number));
  return Math.max(0, ...numbers);
}

function template(slug: string): string {
  return `-- ${slug.replaceAll("_", " ")}: why this change is made.
-- Functions, views and policies do not belong here but in functions/, views/ and policies/.

-- Up Migration


-- Down Migration

`;
}
