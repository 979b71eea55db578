import { readdir } from "node:fs/promises";
import { extname, join } from "node:path";
import type { Config } from "../config/config.ts";
import { TmDbError } from "../core/errors.ts";
import type { SourceFile } from "../core/project-files.ts";
import { readSource } from "./read-project.ts";

/** A seed of the project: SQL as text, or what a script exports. */
export type SeedFile =
  | { readonly kind: "sql"; readonly path: string; readonly source: SourceFile }
  | { readonly kind: "script"; readonly path: string; readonly exported: unknown };

const ENDINGS = [".sql", ".ts", ".js", ".mts", ".mjs", ".cts", ".cjs"];

/**
 * Reads `seeds/<name>.sql`, or loads `seeds/<name>.ts` or `.js` as node-pg-migrate loads migrations (jiti). Undefined
 * where the project has no seed of that name.
 * @throws TmDbError SEED_INVALID for two files of one name, or a script that cannot be loaded.
 */
export async function findSeed(config: Config, name: string): Promise<SeedFile | undefined> {
  const files = await listSeedFiles(config);
  const [file, second] = files.filter((entry) => entry.name === name);
  if (file === undefined) return undefined;
  if (second !== undefined) {
    throw new TmDbError("SEED_INVALID", `${file.path} and ${second.path} have the same name`, {
      hint: "rename or remove one of them",
    });
  }
  if (extname(file.path) === ".sql") return { kind: "sql", path: file.path, source: readSource(config, file.path) };
  return { kind: "script", path: file.path, exported: await loadScript(config, file.path) };
}

/**
 * The same, where a seed is asked for by name.
 * @throws TmDbError SEED_NOT_FOUND, besides.
 */
export async function requireSeed(config: Config, name: string): Promise<SeedFile> {
  const seed = await findSeed(config, name);
  if (seed !== undefined) return seed;
  const names = (await listSeedFiles(config)).map((file) => file.name);
  const known = names.length === 0 ? "it is empty or not there" : `it holds ${names.join(", ")}`;
  throw new TmDbError("SEED_NOT_FOUND", `${config.paths.seeds}/ has no seed named ${name}: ${known}`, {
    hint:
      names.length === 0 ? "write one; docs/seeding.md of the package tm-db says how" : `npx tm-db seed ${names[0]}`,
  });
}

/** Whether there is one, without reading it. */
export async function hasSeed(config: Config, name: string): Promise<boolean> {
  return (await listSeedFiles(config)).some((file) => file.name === name);
}

async function listSeedFiles(config: Config): Promise<{ readonly name: string; readonly path: string }[]> {
  const folder = config.paths.seeds;
  const entries = await readdir(join(config.projectDir, folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new TmDbError("FILE_UNREADABLE", `cannot read ${folder}/: ${error.message}`, {
      hint: `look at what is there: ls -ld ${folder}`,
      cause: error,
    });
  });
  return entries
    .filter((entry) => ENDINGS.includes(extname(entry)) && !/^[._]|\.d\.ts$/.test(entry))
    .toSorted()
    .map((entry) => ({ name: entry.slice(0, -extname(entry).length), path: `${folder}/${entry}` }));
}

async function loadScript(config: Config, path: string): Promise<unknown> {
  const { loadMigrationUnits } = await import("node-pg-migrate/migrationLoader");
  try {
    const [unit] = await loadMigrationUnits({}, [join(config.projectDir, path)]);
    return unit?.actions;
  } catch (error) {
    throw new TmDbError("SEED_INVALID", `${path} cannot be loaded: ${(error as Error).message}`, {
      hint: `mend ${path}; docs/seeding.md of the package tm-db describes the form`,
      cause: error,
    });
  }
}
