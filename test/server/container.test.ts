import { tmpdir } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrate } from "../../src/app/migrate.ts";
import { inContainer } from "../../src/app/with-container.ts";
import type { ConnectionSpec } from "../../src/core/connection-spec.ts";
import { quoteLiteral } from "../../src/core/quote-ident.ts";
import { withClient } from "../../src/db/client.ts";
import { type ContainerRequest, type Testcontainers, withContainer } from "../../src/server/container.ts";
import { hasDocker } from "../support/docker.ts";
import { temporaryProject } from "../support/temporary-project.ts";
import { startThrowawayServer, type ThrowawayServer } from "../support/throwaway-server.ts";

const REQUEST: ContainerRequest = {
  image: "postgres:17",
  database: "app",
  projectDir: tmpdir(),
  onEvent: () => {},
};

// Nothing below proves this: where no Docker engine answers, it shows as skipped.
test.skipIf(!hasDocker)(
  "a real image is started, deployed to as an owner who is no superuser, and stopped",
  async () => {
    const project = temporaryProject({ "migrations/0001_a.sql": "create table public.a (id bigint);\n" });
    const result = await inContainer(project, "postgres:17", async (options) => await migrate(options));
    expect(result).toMatchObject({ steps: [{ path: "migrations/0001_a.sql" }] });
    expect(result.database).toMatchObject({ source: "a container of postgres:17", version: /^17\./ });
  },
);

test.skipIf(hasDocker)("where no Docker engine answers, the error says so and how to go on without", async () => {
  await expect(withContainer(REQUEST, () => Promise.resolve())).rejects.toMatchObject({
    code: "CONTAINER_UNAVAILABLE",
    message: "no Docker engine answers",
    hint: expect.stringContaining("embedded server"),
  });
});

test("where testcontainers is not installed, the error says what to install", async () => {
  const load = (): Promise<never> => Promise.reject(new Error("Cannot find package"));
  await expect(withContainer({ ...REQUEST, load }, () => Promise.resolve())).rejects.toMatchObject({
    code: "CONTAINER_UNAVAILABLE",
    hint: expect.stringContaining("npm install --save-dev testcontainers"),
  });
});

test("an image that does not start is named, with what Docker said", async () => {
  const load = fakeEngine({ fails: "manifest for postgres:17 not found" }).load;
  await expect(withContainer({ ...REQUEST, load }, () => Promise.resolve())).rejects.toMatchObject({
    code: "CONTAINER_UNAVAILABLE",
    message: "postgres:17 does not start",
    detail: "manifest for postgres:17 not found",
  });
});

/** What a Docker engine would do, with a server of our own in the container's place. */
function fakeEngine(given: { readonly fails?: string; readonly server?: ConnectionSpec }) {
  const seen = { environment: {} as Record<string, string>, image: "", stopped: 0 };
  class FakeContainer {
    constructor(image: string) {
      seen.image = image;
    }
    withEnvironment(environment: Record<string, string>): this {
      seen.environment = environment;
      return this;
    }
    withExposedPorts = (): this => this;
    withHealthCheck = (): this => this;
    withWaitStrategy = (): this => this;
    start(): Promise<unknown> {
      if (given.fails !== undefined) return Promise.reject(new Error(given.fails));
      return Promise.resolve({
        getHost: () => given.server?.host,
        getMappedPort: () => given.server?.port,
        stop: () => Promise.resolve(void (seen.stopped += 1)),
      });
    }
  }
  const load = (): Promise<Testcontainers> =>
    Promise.resolve({
      GenericContainer: FakeContainer,
      Wait: { forHealthCheck: () => ({}) },
    } as unknown as Testcontainers);
  return { load, seen };
}

describe("in a container that runs", () => {
  let throwaway: ThrowawayServer;
  let superuser: ConnectionSpec;
  beforeAll(async () => {
    throwaway = await startThrowawayServer("18", "elsewhere");
    superuser = throwaway.server.superuser;
  });
  afterAll(async () => await throwaway.dispose());

  /** As the image does: its superuser is `postgres`, with the password that the environment holds. */
  function engine() {
    const { load, seen } = fakeEngine({ server: superuser });
    return {
      seen,
      load: async (): Promise<Testcontainers> => {
        const testcontainers = await load();
        class Started extends testcontainers.GenericContainer {
          override async start() {
            const password = seen.environment["POSTGRES_PASSWORD"] ?? "";
            await withClient(superuser, {}, async (client) => {
              await client.query(`alter role postgres password ${quoteLiteral(password)}`);
            });
            superuser = { ...superuser, password };
            return await super.start();
          }
        }
        return { ...testcontainers, GenericContainer: Started };
      },
    };
  }

  test("the work gets an empty database, as an owner who is no superuser; then the container is stopped", async () => {
    const { load, seen } = engine();
    const found = await withContainer({ ...REQUEST, load }, async (connection) => {
      expect(seen.stopped).toBe(0);
      return await withClient(connection, {}, async (client) => {
        const { rows } = await client.query(
          "select current_database() as db, current_user as who, rolsuper as super from pg_roles where rolname = current_user",
        );
        return { row: rows[0] as unknown, source: connection.source };
      });
    });
    expect(found).toEqual({ row: { db: "app", who: "tm_db", super: false }, source: "a container of postgres:17" });
    expect(seen).toMatchObject({ image: "postgres:17", stopped: 1 });
  });

  test("work that fails, and an interruption, stop it too", async () => {
    const { load, seen } = engine();
    await expect(withContainer({ ...REQUEST, load }, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(seen.stopped).toBe(1);
    const signal = AbortSignal.abort();
    await expect(withContainer({ ...REQUEST, load, signal }, () => Promise.resolve())).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(seen.stopped).toBe(2);
  });
});
