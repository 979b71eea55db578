import { adrPage } from "./adr-page.ts";
import { cliPage } from "./cli-page.ts";
import { configSchemaPage } from "./config-schema.ts";
import { errorsPage } from "./errors-page.ts";
import { leaksPage } from "./leaks-page.ts";
import { rulePages } from "./rule-pages.ts";

/** The generated files, by their path from the repository's root. */
export function generatedPages(): Readonly<Record<string, string>> {
  return {
    "docs/adr/README.md": adrPage(),
    "docs/cli.md": cliPage(),
    "docs/errors.md": errorsPage(),
    "docs/leaks.md": leaksPage(),
    "docs/tm-db.config.schema.json": configSchemaPage(),
    ...rulePages(),
  };
}
