import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import type { SourceFile } from "../core/project-files.ts";
import { readSource } from "./read-project.ts";

/** The SQL that fills a database for an environment, `seeds/<name>.sql`; undefined where the project has none. */
export function readSeed(config: Config, name: string): SourceFile | undefined {
  const path = `${config.paths.seeds}/${name}.sql`;
  return existsSync(join(config.projectDir, path)) ? readSource(config, path) : undefined;
}
