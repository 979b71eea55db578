import { TmDbError } from "../core/errors.ts";
import { openTarget, type Project, type Target } from "./context.ts";

/**
 * The server to make databases on. One that runs is taken as it is: the connection that makes databases will tell whether
 * it lets one in.
 */
export async function openServer(project: Project): Promise<Target> {
  try {
    return await openTarget(project, "must-run");
  } catch (error) {
    if (error instanceof TmDbError && error.code === "SERVER_NOT_RUNNING") return await openTarget(project, "start");
    throw error;
  }
}
