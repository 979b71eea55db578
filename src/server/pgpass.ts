import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** What a line of the password file is matched against. */
export interface PasswordQuery {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
}

/**
 * The password that libpq would take from its password file, or undefined. As libpq does, ignores a file that group or
 * others may read. https://www.postgresql.org/docs/current/libpq-pgpass.html
 */
export function passwordFromFile(query: PasswordQuery, environment: NodeJS.ProcessEnv): string | undefined {
  const file = environment["PGPASSFILE"] ?? join(environment["HOME"] ?? homedir(), ".pgpass");
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0) return undefined;
    return findPassword(readFileSync(file, "utf8"), query);
  } catch {
    return undefined;
  }
}

/** The password of the first line that matches. */
export function findPassword(text: string, query: PasswordQuery): string | undefined {
  // A socket's folder is written as it is, and the default one as `localhost`.
  const hosts = query.host.startsWith("/") ? [query.host, "localhost"] : [query.host];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("#")) continue;
    const [host, port, database, user, password] = splitLine(line);
    if (host === undefined || password === undefined) continue;
    const matches =
      [...hosts, "*"].includes(host) &&
      [String(query.port), "*"].includes(port ?? "") &&
      [query.database, "*"].includes(database ?? "") &&
      [query.user, "*"].includes(user ?? "");
    if (matches) return password;
  }
  return undefined;
}

/** Fields end at colons; a backslash takes the next character as it is. */
function splitLine(line: string): readonly string[] {
  const fields = [""];
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? "";
    if (character === ":" && fields.length < 5) {
      fields.push("");
      continue;
    }
    const isEscape = character === "\\" && at + 1 < line.length;
    if (isEscape) at += 1;
    fields[fields.length - 1] += isEscape ? (line[at] ?? "") : character;
  }
  return fields;
}
