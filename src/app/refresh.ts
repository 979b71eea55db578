import { setTimeout as sleep } from "node:timers/promises";
import type { RefreshResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { callFunction, readMaterializedViews, refreshView } from "../db/refresh.ts";
import { isDatabaseError } from "../db/run-script.ts";
import { refuseShadows } from "../db/shadows.ts";
import { sqlError } from "../db/sql-error.ts";
import { type CommandOptions, nameOf, openProject, openTarget, type Project } from "./context.ts";

export interface RefreshOptions extends CommandOptions {
  /** Goes on until `signal` is aborted, so many milliseconds after the end of the last time. */
  readonly everyMs?: number | undefined;
}

/**
 * Refreshes every materialized view, without making readers wait where it has a unique index, and calls the functions
 * that the project names for recounting its figures. Each is a statement of its own.
 * @throws TmDbError INTERRUPTED at the end of watching, which has no other.
 */
export async function refresh(options: RefreshOptions): Promise<RefreshResult> {
  const project = openProject(options);
  const target = await openTarget(project, "must-run");
  const once = async (): Promise<RefreshResult> =>
    await withClient(target.connection, { signal: options.signal }, async (client) => {
      const startedAt = Date.now();
      await refuseShadows(client);
      const done = await refreshAll(client, project);
      return { command: "refresh", database: nameOf(target, client), ...done, ms: Date.now() - startedAt };
    });
  return options.everyMs === undefined ? await once() : await watch(once, options, options.everyMs);
}

/** A connection for each time, so that none lies open in between and a restart of the server is survived. */
async function watch(once: () => Promise<RefreshResult>, options: RefreshOptions, everyMs: number): Promise<never> {
  for (let times = 0; ; times += 1) {
    if (times > 0) await sleep(everyMs, undefined, { signal: options.signal }).catch(() => undefined);
    if (options.signal?.aborted === true)
      throw new TmDbError("INTERRUPTED", `stopped watching; refreshed ${times} ${times === 1 ? "time" : "times"}`);
    const { views, functions, ms } = await once();
    const corrected = functions.map(({ name, answer }) => `${name}: ${answer ?? "no answer"}`).join(", ");
    options.onEvent({ kind: "refreshed", objects: views.length, corrected, ms });
  }
}

async function refreshAll(
  client: DatabaseClient,
  { config }: Project,
): Promise<Pick<RefreshResult, "views" | "functions">> {
  const views: RefreshResult["views"][number][] = [];
  const functions: RefreshResult["functions"][number][] = [];
  try {
    for (const view of await readMaterializedViews(client)) {
      const started = Date.now();
      await refreshView(client, view);
      views.push({ name: `${view.schema}.${view.name}`, concurrently: view.canConcurrently, ms: Date.now() - started });
    }
    for (const { schema, name } of config.recount) {
      const started = Date.now();
      const answer = await callFunction(client, schema, name);
      functions.push({ name: `${schema}.${name}`, answer, ms: Date.now() - started });
    }
  } catch (error) {
    throw isDatabaseError(error) ? sqlError(error, undefined) : error;
  }
  return { views, functions };
}
