import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";

/** What is used of the package testcontainers, which users install for themselves. */
interface Testcontainers {
  readonly GenericContainer: new (image: string) => ContainerPlan;
  readonly Wait: { forLogMessage(message: RegExp, times: number): unknown };
}

interface ContainerPlan {
  withEnvironment(variables: Readonly<Record<string, string>>): ContainerPlan;
  withExposedPorts(port: number): ContainerPlan;
  withWaitStrategy(strategy: unknown): ContainerPlan;
  start(): Promise<StartedContainer>;
}

interface StartedContainer {
  getHost(): string;
  getMappedPort(port: number): number;
  stop(): Promise<unknown>;
}

const PORT = 5432;
const GO_ON = "leave --server out: the embedded server needs no Docker";

export interface ContainerOptions {
  /** An image of PostgreSQL 15 or newer that reads POSTGRES_PASSWORD, such as `postgres:17`. */
  readonly image: string;
  /** Where the package testcontainers is looked for. */
  readonly projectDir: string;
}

/**
 * Runs PostgreSQL in a container for as long as `callback` takes, and removes it whatever happens; what a killed run
 * leaves, testcontainers' own watcher removes.
 * @throws TmDbError CONTAINER_UNAVAILABLE where the package is not installed, or no Docker engine answers.
 */
export async function withContainer<T>(
  options: ContainerOptions,
  callback: (connection: ConnectionSpec) => Promise<T>,
): Promise<T> {
  const { GenericContainer, Wait } = loadTestcontainers(options.projectDir);
  const password = randomBytes(24).toString("base64url");
  const plan = new GenericContainer(options.image)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withExposedPorts(PORT)
    // The image starts PostgreSQL once to set it up, and then for good.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2));
  const container = await startContainer(plan, options.image);
  try {
    return await callback({
      host: container.getHost(),
      port: container.getMappedPort(PORT),
      user: "postgres",
      password,
      database: "postgres",
      source: `a container of ${options.image}`,
    });
  } finally {
    await container.stop();
  }
}

function loadTestcontainers(projectDir: string): Testcontainers {
  try {
    return createRequire(join(projectDir, "package.json"))("testcontainers") as Testcontainers;
  } catch (error) {
    throw new TmDbError("CONTAINER_UNAVAILABLE", "the package testcontainers is not installed in this project", {
      hint: `npm install --save-dev testcontainers   (or ${GO_ON})`,
      cause: error,
    });
  }
}

async function startContainer(plan: ContainerPlan, image: string): Promise<StartedContainer> {
  try {
    return await plan.start();
  } catch (error) {
    throw new TmDbError("CONTAINER_UNAVAILABLE", `no container of ${image} can be started`, {
      detail: error instanceof Error ? error.message : String(error),
      hint: `start Docker, or ${GO_ON}`,
      cause: error,
    });
  }
}
