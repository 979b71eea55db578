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

test("a port that is taken between the look and the start is told apart from other failures", async () => {
  const project = projects.create();
  const { dataDir, logFile } = await project.start();
  await stopEmbedded({ projectDir: project.dir });
  const intruder = createServer();
  await new Promise<void>((resolve) => intruder.listen({ port: 0, host: "127.0.0.1" }, resolve));
  try {
    const paths = clusterPaths(dirname(dataDir), 18);
    writeConfig(paths, { port: (intruder.address() as AddressInfo).port, durable: false });
    const { postgres } = stageBinaries({
      major: 18,
      resolve: installedPackages(project.dir),
      fallbackDir: "/nonexistent",
    });
    const { uid, gid } = statSync(dataDir);
    const user = isRoot ? { name: "the owner", uid, gid } : undefined;
    const outcome = await startPostmaster({ postgres, dataDir, configFile: paths.configFile, logFile, user });
    expect(outcome).toEqual({ kind: "port-taken" });
  } finally {
    intruder.close();
  }
});
