import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import type { EventListener } from "../core/event.ts";
import { ensureOwnerAndDatabase, OWNER } from "./cluster.ts";

/** What is used of the package testcontainers, which users install for themselves. */
export type Testcontainers = Pick<typeof import("testcontainers"), "GenericContainer" | "Wait">;

export interface ContainerRequest {
  /** Such as `postgres:17`. */
  readonly image: string;
  /** The database that is made in it. */
  readonly database: string;
  readonly projectDir: string;
  readonly onEvent: EventListener;
  readonly signal?: AbortSignal | undefined;
  /** How testcontainers is loaded; rejects where it is not installed. */
  readonly load?: ((projectDir: string) => Promise<Testcontainers>) | undefined;
}

const PORT = 5432;
const HINT_EMBEDDED = "or leave --server out: the embedded server needs no Docker";

/**
 * Starts a PostgreSQL image with an empty database, hands its connection to `callback`, and stops it whatever happens.
 * The connection is that of an owner who is no superuser, as on the embedded server.
 * @throws TmDbError CONTAINER_UNAVAILABLE where testcontainers is not installed, no Docker engine answers, or the image
 * does not start; INTERRUPTED.
 */
export async function withContainer<T>(
  request: ContainerRequest,
  callback: (connection: ConnectionSpec) => Promise<T>,
): Promise<T> {
  const load = request.load ?? loadTestcontainers;
  const testcontainers = await load(request.projectDir).catch((error: unknown) => {
    throw new TmDbError("CONTAINER_UNAVAILABLE", "the package testcontainers is not installed", {
      hint: `npm install --save-dev testcontainers@11   (${HINT_EMBEDDED})`,
      cause: error,
    });
  });
  request.onEvent({ kind: "starting-container", image: request.image });
  const password = randomBytes(24).toString("base64url");
  const container = await start(testcontainers, request, password);
  try {
    if (request.signal?.aborted === true) throw new TmDbError("INTERRUPTED", "interrupted; the container is stopped");
    const server = {
      host: container.getHost(),
      port: container.getMappedPort(PORT),
      source: `a container of ${request.image}`,
    };
    const ownerPassword = randomBytes(24).toString("base64url");
    const superuser: ConnectionSpec = { ...server, user: "postgres", password, database: "postgres" };
    await ensureOwnerAndDatabase(superuser, { database: request.database, ownerPassword, signal: request.signal });
    return await callback({ ...server, user: OWNER, password: ownerPassword, database: request.database });
  } finally {
    await container.stop();
  }
}

type StartedContainer = Awaited<ReturnType<InstanceType<Testcontainers["GenericContainer"]>["start"]>>;

/** It cannot be interrupted while it starts; testcontainers removes what a killed process leaves. */
async function start(
  { GenericContainer, Wait }: Testcontainers,
  { image }: ContainerRequest,
  password: string,
): Promise<StartedContainer> {
  try {
    return await new GenericContainer(image)
      .withEnvironment({ POSTGRES_PASSWORD: password })
      .withExposedPorts(PORT)
      // While it initialises itself the image listens on its socket only.
      .withHealthCheck({
        test: ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "postgres"],
        interval: 250,
        retries: 1000,
      })
      .withWaitStrategy(Wait.forHealthCheck())
      .start();
  } catch (error) {
    const { message } = error as Error;
    const noEngine = message.includes("container runtime");
    throw new TmDbError("CONTAINER_UNAVAILABLE", noEngine ? "no Docker engine answers" : `${image} does not start`, {
      detail: message,
      hint: noEngine
        ? `start Docker, or say where it is in DOCKER_HOST; ${HINT_EMBEDDED}`
        : `try it: docker run --rm -e POSTGRES_PASSWORD=x ${image}   (${HINT_EMBEDDED})`,
      cause: error,
    });
  }
}

/** From the project, or from where tm-db itself is installed. */
async function loadTestcontainers(projectDir: string): Promise<Testcontainers> {
  for (const place of [join(projectDir, "package.json"), import.meta.url]) {
    let path: string;
    try {
      path = createRequire(place).resolve("testcontainers");
    } catch {
      continue;
    }
    return (await import(pathToFileURL(path).href)) as Testcontainers;
  }
  throw new Error("testcontainers is not installed");
}
