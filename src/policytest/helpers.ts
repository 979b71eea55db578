import type { DatabaseClient } from "../db/client.ts";
import type { ApiSettings } from "../db/impersonate.ts";
import { runScript, ScriptError } from "../db/run-script.ts";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import access from "./sql/access.sql";
import assertions from "./sql/assertions.sql";
import attempt from "./sql/attempt.sql";
import httpStatus from "./sql/http-status.sql";
import impersonate from "./sql/impersonate.sql";
import only from "./sql/only.sql";
import people from "./sql/people.sql";
import report from "./sql/report.sql";
import rls from "./sql/rls.sql";
import roles from "./sql/roles.sql";
import schema from "./sql/schema.sql";
import touched from "./sql/touched.sql";

/** What the helpers must know of PostgREST's configuration. */
export interface TestApi extends ApiSettings {
  /** `db-anon-role`. */
  readonly anonymousRole: string;
  /** The role as which PostgREST logs in. */
  readonly authenticatorRole: string;
}

/**
 * Puts the schema `tests` into a scratch database: who is who, becoming them, assertions. pgTAP is there already, in
 * whatever schema; the project is deployed, or at least its roles are there. The role of the connection is the one that
 * tests run as: it is made a member of the authenticator where it is not, because it is to become what PostgREST becomes.
 * Not for a database that people use.
 * @throws TmDbError PERMISSION_DENIED where it may not become them; OBJECT_EXISTS where the project has a schema `tests` of
 * its own; what PostgreSQL throws.
 */
export async function installTestHelpers(client: DatabaseClient, api: TestApi): Promise<void> {
  await orRefusal(async () => void (await runScript(client, SCRIPT)), {
    "42P06": (cause) =>
      new TmDbError(
        "OBJECT_EXISTS",
        "the project has a schema tests of its own, where the helpers of policy tests go",
        {
          hint: "give it another name: the helpers replace those of other tools, see docs/testing.md of the package tm-db",
          cause,
        },
      ),
  });
  const { rowCount } = await client.query(INSERT_API, [
    api.schemas,
    api.extraSearchPath,
    api.preRequest ?? null,
    api.anonymousRole,
    api.authenticatorRole,
  ]);
  if (rowCount === 0) throw new Error("pgTAP is loaded before the helpers of policy tests");
  await letBecomeOthers(client, api.authenticatorRole);
}

/**
 * Grants the authenticator to the role of the connection, where it is there and the role may not become it yet. Roles belong to
 * the server: the authenticator may have been made anew after the helpers were loaded into a template.
 * @throws TmDbError PERMISSION_DENIED where the authenticator is somebody else's.
 */
export async function letBecomeOthers(client: DatabaseClient, authenticator: string): Promise<void> {
  await client.query("select pg_catalog.set_config('tests.authenticator', $1, false)", [authenticator]);
  const me = client.user ?? "the role of the tests";
  await orRefusal(async () => void (await runScript(client, access)), {
    "42501": (cause) =>
      new TmDbError("PERMISSION_DENIED", `${me} may not become what PostgREST becomes: ${cause.message}`, {
        hint: `as a superuser, or as who made it: grant ${quoteIdent(authenticator)} to ${quoteIdent(me)}`,
        cause,
      }),
  });
}

/** What PostgreSQL refuses with one of these SQLSTATEs becomes an error of ours. */
async function orRefusal(
  run: () => Promise<void>,
  refusals: Readonly<Record<string, (cause: ScriptError) => TmDbError>>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    throw refusals[error.cause.code ?? ""]?.(error) ?? error;
  }
}

const SCRIPT = [schema, people, httpStatus, roles, impersonate, touched, attempt, report, assertions, only, rls].join(
  "\n",
);

/** Its `ok(boolean, text)` and `_get(text)` tell where pgTAP lies. */
const INSERT_API = `insert into tests.api
  (schemas, extra_search_path, pre_request, anonymous_role, authenticator_role, tap_schema)
select $1, $2, $3, $4, $5, n.nspname
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
where p.proname in ('ok', '_get')
  and p.proargtypes in ('16 25', '25')
group by n.nspname
having count(*) = 2
order by n.nspname
limit 1`;

/** All that the helpers are made of: a template database is built anew when it changes. */
export const TEST_HELPERS_SQL: string = `${SCRIPT}\n${access}`;
