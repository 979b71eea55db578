import { statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { installedPackages, stageBinaries } from "../../src/server/binaries.ts";
import { clusterPaths, writeConfig } from "../../src/server/cluster.ts";
import { stopEmbedded } from "../../src/server/embedded.ts";
import { startPostmaster } from "../../src/server/postmaster.ts";
import { isRoot, useProjects } from "./temporary-project.ts";

const projects = useProjects();

/** What starts the server of a project that was started before and is stopped, on this port. */
async function stopped(project: ReturnType<typeof projects.create>, port: number) {
  const { dataDir, logFile } = await project.start();
  await stopEmbedded({ projectDir: project.dir });
  const paths = clusterPaths(dirname(dataDir), 18);
  writeConfig(paths, { port, durable: false });
  const { postgres } = stageBinaries({
    major: 18,
    resolve: installedPackages(project.dir),
    fallbackDir: "/nonexistent",
  });
  const { uid, gid } = statSync(dataDir);
  const user = isRoot ? { name: "the owner", uid, gid } : undefined;
  return { postgres, dataDir, configFile: paths.configFile, logFile, user };
}

test("a port that is taken between the look and the start is told apart from other failures", async () => {
  const intruder = createServer();
  await new Promise<void>((resolve) => intruder.listen({ port: 0, host: "127.0.0.1" }, resolve));
  try {
    const start = await stopped(projects.create(), (intruder.address() as AddressInfo).port);
    expect(await startPostmaster(start)).toEqual({ kind: "port-taken" });
  } finally {
    intruder.close();
  }
});

test("a server that somebody else starts at the same moment is the one", async () => {
  const project = projects.create();
  const { connection } = await project.start();
  const start = await stopped(project, connection.port);
  const outcomes = await Promise.all([1, 2, 3].map(async () => await startPostmaster(start)));
  expect(outcomes).toEqual(outcomes.map(() => ({ kind: "ready", port: connection.port })));
  expect(await project.start()).toMatchObject({ started: false, connection: { port: connection.port } });
});
