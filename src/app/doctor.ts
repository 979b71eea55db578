import type { DoctorCheck, DoctorResult } from "../core/command-result.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { refuseShadows } from "../db/shadows.ts";
import { withTransaction } from "../db/transaction.ts";
import { readDeclarations } from "../deploy/declared-at.ts";
import { alone } from "../doctor/alone.ts";
import { judgeClock, measureServerClock } from "../doctor/clock.ts";
import { type ApiSurface, checkGrants, checkPreRequest } from "../doctor/grants.ts";
import { checkMaterializedViews } from "../doctor/materialized-views.ts";
import { readRelations } from "../doctor/relations.ts";
import { checkRoles } from "../doctor/roles.ts";
import { checkServer } from "../doctor/server.ts";
import { named, type Verdict, withoutOk } from "../doctor/verdict.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project } from "./context.ts";
import {
  checkDrift,
  checkFiles,
  checkNeededExtensions,
  checkOrphans,
  isReadable,
  type ReadFiles,
  readFiles,
} from "./doctor-files.ts";
import { askPostgrest, type DatabaseFacts, judgePostgrest, postgrestAddresses } from "./doctor-postgrest.ts";
import { checkLogin, checkSecret } from "./doctor-secrets.ts";
import { checkSearchPath, judgeSettings } from "./doctor-settings.ts";

export interface DoctorOptions extends CommandOptions {
  /** Compare the whole catalog with what the files build, instead of looking for objects that no file made. */
  readonly drift?: boolean | undefined;
  /** Where PostgREST answers; before POSTGREST_URL and the project's `postgrestUrl`. */
  readonly postgrestUrl?: string | undefined;
  /** Where its admin server answers; before POSTGREST_ADMIN_URL and the project's `postgrestAdminUrl`. */
  readonly postgrestAdminUrl?: string | undefined;
}

/**
 * Says whether everything is in place for PostgREST to serve this database. Reads only, in a READ ONLY transaction;
 * PostgREST is asked at the same time. What cannot be looked at is skipped, and says why.
 * @throws TmDbError what connecting throws; USAGE for an address that is none.
 */
export async function doctor(options: DoctorOptions): Promise<DoctorResult> {
  const startedAt = Date.now();
  const { signal } = options;
  const project = openProject(options);
  const addresses = postgrestAddresses(options, project);
  const target = await openTarget(project, "must-run");
  const asked = askPostgrest(addresses, signal);
  const login = checkLogin(project, target);
  const drifted = options.drift === true ? checkDrift(options) : Promise.resolve([]);
  // From now on, so that a failure which comes before somebody waits for it is heard.
  const ended = Promise.allSettled([asked.root, asked.health, login, drifted]);
  try {
    const { database, checks, facts } = await withClient(target.connection, { signal }, async (client) => {
      await refuseShadows(client);
      return { database: nameOf(target, client), ...(await lookAtDatabase(client, project, options)) };
    });
    const all = [
      ...checks,
      ...named("drift", await drifted),
      ...named("login", [await login]),
      ...(await judgePostgrest(asked, facts)),
    ];
    const healthy = all.every(({ verdict }) => verdict !== "problem");
    return { command: "doctor", database, checks: all, healthy, ms: Date.now() - startedAt };
  } finally {
    await ended;
  }
}

async function lookAtDatabase(
  client: DatabaseClient,
  project: Project,
  options: DoctorOptions,
): Promise<{ readonly checks: readonly DoctorCheck[]; readonly facts: DatabaseFacts }> {
  const { config } = project;
  const api: ApiSurface = { schemas: config.exposedSchemas, roles: config.roles, preRequest: config.preRequest };
  const files = readFiles(project);
  // Outside of the transaction, whose first statement takes longer.
  const skew = await measureServerClock(client);
  const table: readonly (readonly [DoctorCheck["check"], () => Promise<readonly Verdict[]>])[] = [
    ["server", () => checkServer(client)],
    ["clock", () => Promise.resolve([judgeClock(skew, "the server's clock", "this machine's")])],
    ["roles", () => checkRoles(client, config.roles, config.exposedSchemas)],
    [
      "grants",
      async () => withoutOk([...(await checkGrants(client, api)), ...(await checkSearchPath(client, project))]),
    ],
    ["pre-request", () => checkPreRequest(client, api)],
    ["files", () => checkFiles(client, files)],
    ["extensions", () => checkNeededExtensions(client, files)],
    ["materialized views", () => checkMaterializedViews(client)],
    ...(options.drift === true ? [] : [["drift", () => checkOrphans(client, config)] as const]),
  ];
  return await withTransaction(client, "read only", async () => {
    const found: [DoctorCheck["check"], readonly Verdict[]][] = [];
    for (const [check, look] of table) found.push([check, await alone(client, look, (failure) => [failure])]);
    const secret = await alone(
      client,
      () => checkSecret(client, project),
      (failure) => ({ verdicts: [failure], keys: [] }),
    );
    const relations = await alone(
      client,
      () => readRelations(client, config.exposedSchemas),
      () => undefined,
    );
    const all = await judgeSettings(client, project, [...found, ["secret", secret.verdicts]]);
    return {
      checks: await placed(all, files),
      facts: { relations, skew, keys: secret.keys, anonymous: config.roles.anonymous },
    };
  });
}

/** With the places in files, which are read only where there is something to find in them. */
async function placed(
  found: readonly (readonly [DoctorCheck["check"], readonly Verdict[]])[],
  files: ReadFiles,
): Promise<DoctorCheck[]> {
  const isAsked = found.some(([, verdicts]) => verdicts.some(({ subject }) => subject !== undefined));
  const find = isAsked && isReadable(files) ? await readDeclarations(files) : undefined;
  return found.flatMap(([check, verdicts]) => named(check, verdicts, find));
}
