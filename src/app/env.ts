import type { EnvResult } from "../core/command-result.ts";
import { connectionUrl } from "../core/connection-spec.ts";
import { withClient } from "../db/client.ts";
import { environment } from "../postgrest/config.ts";
import { type CommandOptions, openProject, openTarget } from "./context.ts";
import { readPostgrestConfig } from "./postgrest-config.ts";

/**
 * The variables that psql, node-pg-migrate and PostgREST read, with their passwords and the JWT secret. What is not known
 * (the authenticator's password of somebody else's server) is left out.
 */
export async function env(options: CommandOptions): Promise<EnvResult> {
  const project = openProject(options);
  const target = await openTarget(project, "must-run");
  const config = await withClient(target.connection, { signal: options.signal }, async (client) => {
    return await readPostgrestConfig(client, project, target);
  });
  const known = target.authenticatorPassword === undefined ? config.filter(([name]) => name !== "db-uri") : config;
  return { command: "env", variables: { DATABASE_URL: connectionUrl(target.connection), ...environment(known) } };
}
