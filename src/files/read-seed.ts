import { access } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { SourceFile } from "../core/project-files.ts";
import { readSource } from "./read-project.ts";

/** The SQL that fills a database for an environment, `seeds/<name>.sql`; undefined where the project has none. */
export async function readSeed(config: Config, name: string): Promise<SourceFile | undefined> {
  const path = `${config.paths.seeds}/${name}.sql`;
  const isThere = await access(join(config.projectDir, path)).then(
    () => true,
    () => false,
  );
  return isThere ? await readSource(config, path) : undefined;
}
