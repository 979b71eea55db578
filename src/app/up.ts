import type { UpResult } from "../core/command-result.ts";
import { connectionUrl } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { roleExists } from "../db/secrets.ts";
import { checkMigrationSum } from "../files/migration-sum.ts";
import { readProjectFiles } from "../files/read-project.ts";
import { findSeed, hasSeed } from "../files/find-seed.ts";
import { absentWords, findAbsentSettings } from "./absent-settings.ts";
import { applySeed } from "./apply-seed.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project, type Target } from "./context.ts";
import { deploy } from "./deploy.ts";
import { readIssuedToken } from "./issued-token.ts";
import { chosenJwtSecret } from "./secrets.ts";

/**
 * Starts the project's server where it has none of its own choice, deploys, and loads the development data into a
 * database that is new, all in one transaction. Done twice, it only says where everything is.
 * @throws TmDbError; then the database is what it was.
 */
export async function up(options: CommandOptions): Promise<UpResult> {
  const project = openProject(options);
  const files = readProjectFiles(project.config);
  checkMigrationSum(project.config, files.migrations);
  chosenJwtSecret(project);
  const target = await openTarget(project, "start");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    let accounts: UpResult["accounts"] | undefined;
    const onFirst = async (connected: DatabaseClient): Promise<void> => {
      accounts = await seedDevelopment(connected, project, target);
    };
    const deployment = await deploy(client, { project, target, files, options: {}, onFirst });
    return {
      command: "up",
      database: nameOf(target, client),
      server: { kind: target.kind, started: target.started, created: target.created },
      deployment,
      seeded: accounts !== undefined,
      accounts: accounts ?? [],
      next: await whatNext(client, project, target),
    };
  });
}

/**
 * Development data has known passwords, so it only ever goes into the embedded server: an address on this machine may
 * be the end of a tunnel.
 */
async function seedDevelopment(
  client: DatabaseClient,
  project: Project,
  target: Target,
): Promise<UpResult["accounts"] | undefined> {
  if (target.kind !== "embedded") return undefined;
  const file = await findSeed(project.config, "dev");
  if (file === undefined) return undefined;
  const { report } = await applySeed(client, { project, file, settings: {}, options: {} });
  return report.accounts;
}

async function whatNext(client: DatabaseClient, project: Project, target: Target): Promise<UpResult["next"]> {
  const { authenticator } = project.config.roles;
  const absent = await findAbsentSettings(client, project);
  const canLogIn = await roleExists(client, authenticator);
  const { token, problem } = await issueDevToken(client, project, target);
  const isMissing = token === null && problem === undefined && target.kind === "embedded";
  return {
    authenticatorUrl: canLogIn
      ? connectionUrl({ ...target.connection, user: authenticator, password: undefined })
      : null,
    startPostgrest: "npx tm-db postgrest run",
    token,
    missingUser: isMissing ? (project.config.token?.devUser ?? null) : null,
    hasDevelopmentData: await hasSeed(project.config, "dev"),
    problems: [...absent.map(absentWords), ...(problem === undefined ? [] : [problem])],
  };
}

async function issueDevToken(
  client: DatabaseClient,
  project: Project,
  target: Target,
): Promise<{ readonly token: UpResult["next"]["token"]; readonly problem?: string }> {
  const { token } = project.config;
  if (token?.devUser === undefined || target.kind !== "embedded") return { token: null };
  const { query, devUser: user } = token;
  try {
    const issued = await readIssuedToken(client, project, { query, user });
    return { token: issued === undefined ? null : { user, token: issued } };
  } catch (error) {
    // What was deployed stays, so that the command does not fail for it.
    if (!(error instanceof TmDbError) || error.code === "INTERRUPTED") throw error;
    return { token: null, problem: `no token: ${error.message} (${error.hint?.replaceAll("\n", "; ")})` };
  }
}
