import type { RefreshResult } from "../core/command-result.ts";
import { withClient } from "../db/client.ts";
import { callFunction, readMaterializedViews, refreshView } from "../db/refresh.ts";
import { isDatabaseError } from "../db/run-script.ts";
import { sqlError } from "../db/sql-error.ts";
import { type CommandOptions, nameOf, openProject, openTarget } from "./context.ts";

/**
 * Refreshes every materialized view, without making readers wait where it has a unique index, and calls the functions
 * that the project names for recounting its figures. Each is a statement of its own.
 */
export async function refresh(options: CommandOptions): Promise<RefreshResult> {
  const startedAt = Date.now();
  const { config } = await openProject(options);
  const target = await openTarget({ options, config }, "must-run");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    const views: RefreshResult["views"][number][] = [];
    const functions: RefreshResult["functions"][number][] = [];
    try {
      for (const view of await readMaterializedViews(client)) {
        const started = Date.now();
        await refreshView(client, view);
        views.push({
          name: `${view.schema}.${view.name}`,
          concurrently: view.canConcurrently,
          ms: Date.now() - started,
        });
      }
      for (const { schema, name } of config.recount) {
        const started = Date.now();
        const answer = await callFunction(client, schema, name);
        functions.push({ name: `${schema}.${name}`, answer, ms: Date.now() - started });
      }
    } catch (error) {
      throw isDatabaseError(error) ? sqlError(error, undefined) : error;
    }
    return { command: "refresh", database: nameOf(target, client), views, functions, ms: Date.now() - startedAt };
  });
}
