import { TOOL_VERSION } from "../core/tool-version.ts";
import type { DatabaseClient } from "../db/client.ts";
import { type DeploymentRecord, recordDeployment } from "../deploy/ledger-writing.ts";
import { readCommit } from "../files/read-commit.ts";
import type { Project } from "./context.ts";

/** Writes into the ledger what was done, with the version of tm-db and the commit it came from. Returns its id. */
export async function record(
  client: DatabaseClient,
  given: Pick<DeploymentRecord, "kind" | "startedAt" | "changes"> &
    Partial<Pick<DeploymentRecord, "rollsBack">> & { readonly project: Project },
): Promise<string> {
  const { project, kind, startedAt, changes, rollsBack = [] } = given;
  const commit = readCommit(project.config.projectDir);
  return await recordDeployment(client, { kind, toolVersion: TOOL_VERSION, commit, startedAt, changes, rollsBack });
}
