import { randomBytes } from "node:crypto";
import type { TestProject } from "vitest/node";
import { migrate } from "../../src/app/migrate.ts";
import { type ConnectionSpec, connectionUrl } from "../../src/core/connection-spec.ts";
import { REPOSITORY, startThrowawayServer } from "./throwaway-server.ts";

/** What the test files are told of the server that was started for them. */
export interface TestServer {
  readonly major: number;
  /** As the owner of the template and of every clone of it. */
  readonly owner: ConnectionSpec;
  readonly superuser: ConnectionSpec;
  /** For the role `authenticator`. */
  readonly authenticatorPassword: string;
  /** A database that holds the reference database and no rows. */
  readonly template: string;
  readonly jwtSecret: string;
}

declare module "vitest" {
  interface ProvidedContext {
    readonly server: TestServer;
  }
}

const TEMPLATE = "reference_template";

/** Starts a server for the version that `TM_DB_TEST_PG` names, and builds the reference database in it once. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { server, dispose } = await startThrowawayServer(project.config.env["TM_DB_TEST_PG"] ?? "18", TEMPLATE);
  try {
    const jwtSecret = randomBytes(48).toString("base64url");
    await deployReference(server.connection, { jwtSecret, authenticatorPassword: server.authenticatorPassword });
    const { major, connection: owner, superuser, authenticatorPassword } = server;
    project.provide("server", { major, owner, superuser, authenticatorPassword, template: TEMPLATE, jwtSecret });
  } catch (error) {
    await dispose();
    throw error;
  }
  return dispose;
}

/** Builds the reference database as `tm-db migrate` does; says how many steps that took. */
export async function deployReference(
  owner: ConnectionSpec,
  secrets: { readonly jwtSecret: string; readonly authenticatorPassword: string },
): Promise<number> {
  const env = { TM_DB_JWT_SECRET: secrets.jwtSecret, TM_DB_AUTHENTICATOR_PASSWORD: secrets.authenticatorPassword };
  const { steps } = await migrate({
    projectDir: REPOSITORY,
    databaseUrl: connectionUrl(owner),
    env,
    onEvent: () => {},
  });
  return steps.length;
}
