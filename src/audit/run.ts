import type { RuleBreak } from "../core/audit.ts";
import { TmDbError } from "../core/errors.ts";
import type { DatabaseClient } from "../db/client.ts";
import facts from "./facts.sql";
import type { AuditRule } from "./rules.ts";

/** What PostgREST is configured with: whom and what a database is judged for. */
export interface AuditSettings {
  readonly exposedSchemas: readonly string[];
  readonly authenticator: string;
  readonly anonymous: string;
  /** As `schema.function`. */
  readonly preRequest: string | undefined;
}

/**
 * Asks the rules, all in one query, within the transaction that is open. Nothing is written but settings of that
 * transaction: names are read with an empty search path, so that each is spelt in full.
 * @throws TmDbError NOTHING_TO_AUDIT where a schema or role of the settings is not there: nothing could be found then.
 */
export async function runAudit(
  client: DatabaseClient,
  rules: readonly AuditRule[],
  settings: AuditSettings,
): Promise<RuleBreak[]> {
  await refuseMissing(client, settings);
  await client.query("select set_config('search_path', '', true), set_config('jit', 'off', true)");
  const { exposedSchemas, authenticator, anonymous, preRequest } = settings;
  const { rows } = await client.query<RuleBreak>(auditQuery(rules), [
    exposedSchemas,
    authenticator,
    anonymous,
    preRequest ?? null,
  ]);
  return rows;
}

/** One statement: the facts, of which PostgreSQL computes those that are used, and each rule over them. */
function auditQuery(rules: readonly AuditRule[]): string {
  const queries = rules.map(({ id, sql }) => `"${id}" as (\n${sql})`);
  const answers = rules.map(({ id }) => `select '${id}' as rule, object, subject, message, fix from "${id}"`);
  return `${[facts.trimEnd(), ...queries].join(",\n")}\n${answers.join("\nunion all\n")}`;
}

async function refuseMissing(client: DatabaseClient, settings: AuditSettings): Promise<void> {
  const { rows } = await client.query<{ readonly missing: string }>(
    `select format('schema %I', name) as missing
     from unnest($1::text[]) as name
     where not exists (select from pg_catalog.pg_namespace as n where n.nspname = name)
     union all
     select format('role %I', name)
     from unnest($2::text[]) as name
     where not exists (select from pg_catalog.pg_roles as r where r.rolname = name)`,
    [settings.exposedSchemas, [settings.authenticator, settings.anonymous]],
  );
  if (rows.length === 0) return;
  throw new TmDbError("NOTHING_TO_AUDIT", "what PostgREST is configured with is not in this database", {
    problems: rows.map(({ missing }) => ({ message: `there is no ${missing}` })),
    hint: "deploy: npx tm-db migrate   or name them in exposedSchemas and roles of tm-db.config.json",
  });
}
