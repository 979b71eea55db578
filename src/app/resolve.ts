import type { ResolveResult } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { isMigrationNamed } from "../core/migration-name.ts";
import { withClient } from "../db/client.ts";
import { withDeployment } from "../db/lock.ts";
import { readLedger } from "../deploy/ledger.ts";
import type { UnfinishedMigration } from "../deploy/ledger-state.ts";
import { clearUnfinished } from "../deploy/unfinished.ts";
import { type CommandOptions, nameOf, openProject, openTarget } from "./context.ts";
import { record } from "./record.ts";
import { refuseOtherDeployer } from "./refuse.ts";

export interface ResolveOptions extends CommandOptions {
  /** The migration's file or name, or the beginning of it. */
  readonly migration: string;
  readonly as: ResolveResult["as"];
}

/**
 * Settles a migration that began outside of a transaction and did not end: from now on it counts as applied, or as
 * never begun. Nothing but the ledger is touched.
 * @throws TmDbError NOTHING_TO_RESOLVE; USAGE where another migration is the unfinished one.
 */
export async function resolve(options: ResolveOptions): Promise<ResolveResult> {
  const project = openProject(options);
  const target = await openTarget(project, "must-run");
  return await withClient(target.connection, { signal: options.signal }, async (client) => {
    const { onEvent } = options;
    return await withDeployment(client, { mode: "read write", timeouts: {}, onEvent }, async () => {
      const ledger = await readLedger(client);
      refuseOtherDeployer(ledger, nameOf(target, client));
      const unfinished = named(ledger.unfinished, options.migration);
      await clearUnfinished(client, unfinished.entry.name);
      if (options.as === "applied") {
        const { entry } = unfinished;
        const change = { kind: "migration", path: entry.path, ms: 0, before: null, after: entry } as const;
        await record(client, {
          kind: "migrate",
          project,
          startedAt: new Date(unfinished.startedAt),
          changes: [change],
        });
      }
      return {
        command: "resolve",
        database: nameOf(target, client),
        path: unfinished.entry.path,
        as: options.as,
      };
    });
  });
}

function named(unfinished: UnfinishedMigration | undefined, migration: string): UnfinishedMigration {
  if (unfinished === undefined) {
    throw new TmDbError("NOTHING_TO_RESOLVE", "no migration is unfinished", {
      hint: "npx tm-db status shows what is applied",
    });
  }
  const { name } = unfinished.entry;
  if (isMigrationNamed(name, migration)) return unfinished;
  throw new TmDbError("USAGE", `${migration} is not unfinished; ${unfinished.entry.path} is`, {
    hint: `npx tm-db resolve ${name} --applied   (or --rolled-back)`,
  });
}
