import type { ProjectFiles } from "../core/project-files.ts";
import type { DatabaseClient } from "../db/client.ts";
import type { Timeouts } from "../db/timeouts.ts";
import type { Project, Target } from "./context.ts";

export interface DeployOptions extends Partial<Timeouts> {
  readonly dryRun?: boolean | undefined;
  readonly allowOutOfOrder?: boolean | undefined;
  /** Deploy to a database that holds relations which tm-db did not make. */
  readonly allowNonEmpty?: boolean | undefined;
  /** How often to begin again when a lock was not free in time. */
  readonly lockRetries?: number | undefined;
}

export interface DeployInput {
  readonly project: Project;
  readonly target: Target;
  /** Whatever is found to be wrong with them while they are read keeps every statement from running. */
  readonly files: ProjectFiles | Promise<ProjectFiles>;
  readonly options: DeployOptions;
  /** More to do in the last transaction of the first deployment to a database. */
  readonly onFirst?: ((client: DatabaseClient) => Promise<void>) | undefined;
}
