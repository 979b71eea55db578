import { quoteIdent } from "../core/quote-ident.ts";
import type { DatabaseClient } from "../db/client.ts";
import { allOr, listed, problem, skipped, type Verdict, warning } from "./verdict.ts";

export interface ExtensionFacts {
  readonly name: string;
  /** Null where it is not installed in this database. */
  readonly installed: string | null;
  /** What the server would install; null where it does not have it. */
  readonly available: string | null;
}

/** The extensions that the files create: whether the server has them, and the database too. */
export async function checkExtensions(client: DatabaseClient, needed: readonly string[]): Promise<readonly Verdict[]> {
  if (needed.length === 0) return [skipped("the files create no extension")];
  const { rows } = await client.query<ExtensionFacts>(
    `select wanted.name, e.extversion as installed, a.default_version as available
     from unnest($1::text[]) as wanted (name)
     left join pg_catalog.pg_extension as e on e.extname = wanted.name
     left join pg_catalog.pg_available_extensions as a on a.name = wanted.name
     order by 1`,
    [needed],
  );
  return judgeExtensions(rows);
}

export function judgeExtensions(extensions: readonly ExtensionFacts[]): readonly Verdict[] {
  const wrong = extensions.flatMap(({ name, installed, available }): Verdict[] => {
    if (installed === null && available === null) {
      return [
        problem(
          `the server does not have the extension ${name}, which the files create`,
          "install its package on the server (PostgreSQL's own are in postgresql-contrib)",
        ),
      ];
    }
    if (installed === null) {
      return [problem(`the extension ${name} is not installed in this database`, "npx tm-db status")];
    }
    if (available !== null && available !== installed) {
      return [
        warning(
          `the extension ${name} is at ${installed}, and the server has ${available}`,
          `alter extension ${quoteIdent(name)} update;`,
        ),
      ];
    }
    return [];
  });
  return allOr(
    wrong,
    listed(
      extensions.map(({ name, installed }) => `${name} ${installed ?? ""}`),
      6,
    ),
  );
}
