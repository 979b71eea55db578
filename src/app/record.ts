import { TOOL_VERSION } from "../core/tool-version.ts";
import type { DatabaseClient } from "../db/client.ts";
import { type FileChange, recordDeployment } from "../deploy/ledger.ts";
import { readCommit } from "../files/read-commit.ts";
import type { Project } from "./context.ts";

/** Writes a deployment into the ledger, with who did it and from which commit. Returns its id. */
export async function recordMigrate(
  client: DatabaseClient,
  given: { readonly project: Project; readonly startedAt: Date; readonly changes: readonly FileChange[] },
): Promise<string> {
  return await recordDeployment(client, {
    kind: "migrate",
    toolVersion: TOOL_VERSION,
    commit: await readCommit(given.project.config.projectDir),
    startedAt: given.startedAt,
    changes: given.changes,
    rollsBack: [],
  });
}
