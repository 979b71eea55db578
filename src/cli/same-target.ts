import { quoteForShell } from "../core/quote-for-shell.ts";
import type { SharedOptions } from "./shared-options.ts";

/** What was typed, of which a command that is advised says nothing. */
export interface Given extends SharedOptions {
  readonly scale?: unknown;
  readonly seedValue?: unknown;
  readonly date?: unknown;
}

/** Commands that work on a server which exists; `up` and `stop` have one of their own. */
const ON_SERVER =
  /npx tm-db (?:(?:secret|postgrest|token) \w+|adopt|audit|doctor|drift|listen|matrix|migrate|mutate|plan|realtime|refresh|reset|resolve|rollback|seed|status|test|token|verify)(?![\w-])(?![^\n]*--database-url)/g;
const ANY = /npx tm-db (?:(?:secret|postgrest|token) \w+|[a-z]+)(?![\w-])(?![^\n]*--config)/g;
const SEED = /npx tm-db seed \w+(?= --(?:add|truncate))/g;

/**
 * The commands that a text advises, for the server, the settings and the size of the command that was typed: without them they
 * would go to another database. An address is not repeated, since it may hold a password.
 */
export function onSameTarget(text: string, { databaseUrl, config, scale, seedValue, date }: Given): string {
  const size = Object.entries({ "--scale": scale, "--seed-value": seedValue, "--date": date })
    .flatMap(([flag, value]) =>
      typeof value === "string" || typeof value === "number" ? [` ${flag} ${quoteForShell(String(value))}`] : [],
    )
    .join("");
  let told = text.replaceAll(SEED, (command) => command + size);
  if (databaseUrl !== undefined) told = told.replaceAll(ON_SERVER, (command) => `${command} --database-url …`);
  if (config !== undefined) told = told.replaceAll(ANY, (command) => `${command} --config ${quoteForShell(config)}`);
  return told;
}
