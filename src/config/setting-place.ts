import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { jsonPlaces } from "../core/json-places.ts";
import type { SourceLocation } from "../core/errors.ts";
import { locate } from "../core/locate.ts";

/** Which file holds the settings of a project. */
export interface ConfigChoice {
  readonly projectDir: string;
  readonly configFile?: string | undefined;
}

const FILE_NAME = "tm-db.config.json";

/** The path that `--config` gave, or else that of `tm-db.config.json` in the project. */
export function configPath({ projectDir, configFile }: ConfigChoice): string {
  return configFile ?? join(projectDir, FILE_NAME);
}

/** The file's name, for messages. */
export function configName(choice: ConfigChoice): string {
  return basename(configPath(choice));
}

/** Where a setting stands, by its way there: `roles.authenticator`, `exposedSchemas[1]`. Undefined if it is left to its default. */
export function settingPlace(choice: ConfigChoice, setting: string): SourceLocation | undefined {
  let text: string;
  try {
    text = readFileSync(configPath(choice), "utf8").replace(/^\uFEFF/, "");
  } catch {
    return undefined;
  }
  const place = jsonPlaces(text).get(setting);
  return place === undefined ? undefined : locate(configName(choice), text, place);
}
