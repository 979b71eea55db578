import type { MigrateResult } from "../core/command-result.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { resetSession } from "../db/session.ts";
import { withDeployment } from "../db/lock.ts";
import { leaveLedgerSchema } from "../db/search-path.ts";
import { withTransaction } from "../db/transaction.ts";
import { notifyPostgrest, type PreparedMigration } from "../deploy/apply.ts";
import { ensureLedger } from "../deploy/ledger-writing.ts";
import { readLedger } from "../deploy/ledger.ts";
import { DISCARD_TEMPORARY, makesTemporary, settingsOf } from "../deploy/own-settings.ts";
import { planDeployment } from "../deploy/plan.ts";
import { runAlone } from "../deploy/run-alone.ts";
import { clearUnfinished, markUnfinished } from "../deploy/unfinished.ts";
import type { DeployInput } from "./deploy-input.ts";
import { record } from "./record.ts";

/**
 * Runs one migration outside of a transaction. The deployment lock is held by a transaction of another connection, which
 * is idle all the while: `create index concurrently` does not wait for it, and it needs no state of a session.
 */
export async function deployAlone(
  client: DatabaseClient,
  input: DeployInput,
  migration: PreparedMigration,
): Promise<Pick<MigrateResult, "steps" | "deployment" | "ms">> {
  const { project, target } = input;
  const { onEvent, signal } = project.options;
  const { entry } = migration;
  const startedAt = new Date();
  return await withClient(target.connection, { signal }, async (holder) => {
    return await withDeployment(holder, { mode: "read write", timeouts: {}, onEvent }, async () => {
      await holder.query("set local idle_in_transaction_session_timeout = 0");
      const ledger = await readLedger(holder);
      const plan = planDeployment(await input.files, ledger, {
        allowOutOfOrder: input.options.allowOutOfOrder === true,
      });
      // Somebody else may have been first.
      if (plan.migrations[0]?.name !== entry.name) return { steps: [], deployment: null, ms: 0 };
      await withTransaction(client, "read write", async () => {
        if (!ledger.exists) await ensureLedger(client);
        await markUnfinished(client, entry);
      });
      // There is no transaction to bind it to. A pooler's session would keep it: only the embedded server has that role.
      await leaveLedgerSchema(client);
      onEvent({ kind: "step", action: "migrate", path: entry.path });
      await runAlone(client, migration, signal);
      if (makesTemporary(entry.upSql)) await client.query(DISCARD_TEMPORARY);
      if (settingsOf(entry.upSql).length > 0) {
        await resetSession(client);
        await leaveLedgerSchema(client);
      }
      const ms = Date.now() - startedAt.getTime();
      const deployment = await withTransaction(client, "read write", async () => {
        await clearUnfinished(client, entry.name);
        await notifyPostgrest(client);
        const change = { kind: "migration", path: entry.path, ms, before: null, after: entry } as const;
        return await record(client, { kind: "migrate", project, startedAt, changes: [change] });
      });
      return { steps: [{ action: "migrate", path: entry.path, ms }], deployment, ms };
    });
  });
}
