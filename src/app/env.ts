import type { EnvResult } from "../core/command-result.ts";
import { connectionUrl } from "../core/connection-spec.ts";
import { withClient } from "../db/client.ts";
import { readSecret } from "../db/secrets.ts";
import { type CommandOptions, openProject, openTarget } from "./context.ts";

/**
 * The variables that psql, node-pg-migrate and PostgREST read, with their passwords and the JWT secret. PostgREST's
 * names are those of its versions 11 to 14. What is not known (the authenticator's password of somebody else's server)
 * is left out.
 */
export async function env(options: CommandOptions): Promise<EnvResult> {
  const project = await openProject(options);
  const { config } = project;
  const target = await openTarget(project, "must-run");
  const secret = await withClient(target.connection, { signal: options.signal }, async (client) =>
    config.jwtSecret === undefined ? undefined : (await readSecret(client, config.jwtSecret)).secret,
  );
  const { authenticator, anonymous } = config.roles;
  const password = target.authenticatorPassword;
  const variables: Record<string, string | undefined> = {
    DATABASE_URL: connectionUrl(target.connection),
    PGRST_DB_URI:
      password === undefined ? undefined : connectionUrl({ ...target.connection, user: authenticator, password }),
    PGRST_DB_SCHEMAS: config.exposedSchemas.join(","),
    PGRST_DB_EXTRA_SEARCH_PATH: config.extraSearchPath.join(","),
    PGRST_DB_ANON_ROLE: anonymous,
    PGRST_DB_PRE_REQUEST: config.preRequest,
    PGRST_JWT_SECRET: secret,
  };
  const known = Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { command: "env", variables: Object.fromEntries(known) };
}
