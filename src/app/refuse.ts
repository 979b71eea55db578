import type { DatabaseName } from "../core/command-result.ts";
import { TmDbError } from "../core/errors.ts";
import { plainName } from "../core/ignored.ts";
import type { DatabaseClient } from "../db/client.ts";
import { findForeignRelations } from "../deploy/ledger.ts";
import type { LedgerState } from "../deploy/ledger-state.ts";

/**
 * Default privileges and ownership belong to the role that deployed first: what another role made would be executable by
 * everybody, and could not be replaced later. And whoever owns the schema `tm_db` decides what a deployment runs: its
 * ledger holds the SQL of the ways back.
 */
export function refuseOtherDeployer(ledger: LedgerState, database: DatabaseName): void {
  if (ledger.deployer === undefined) return;
  if (!ledger.exists) {
    throw new TmDbError(
      "PERMISSION_DENIED",
      `${database.address}: the schema tm_db belongs to the role ${ledger.deployer}`,
      {
        hint: `connect as ${ledger.deployer}, or drop the schema if nobody knows what it is for`,
      },
    );
  }
  throw new TmDbError(
    "PERMISSION_DENIED",
    `${database.address}: this database was deployed by the role ${ledger.deployer}`,
    {
      hint: `connect as ${ledger.deployer}`,
    },
  );
}

/** The first deployment into a database that somebody else already uses is asked for, or its settings say whom else it serves. */
export async function refuseForeignDatabase(
  client: DatabaseClient,
  database: DatabaseName,
  { allowNonEmpty, ignore }: { readonly allowNonEmpty: boolean; readonly ignore: readonly string[] },
): Promise<void> {
  if (allowNonEmpty) return;
  const relations = (await findForeignRelations(client))
    .filter(({ wholes }) => !wholes.some((words) => ignore.includes(plainName(words))))
    .map(({ name }) => name);
  if (relations.length === 0) return;
  const names = relations.length > 3 ? [...relations.slice(0, 3), "…"] : relations;
  throw new TmDbError(
    "DATABASE_NOT_EMPTY",
    `${database.address} holds tables or views that tm-db did not make: ${names.join(", ")}`,
    {
      hint: [
        "name an empty database, or deploy beside them on purpose: npx tm-db migrate --allow-non-empty",
        "if it holds what the files make already, its ledger is what is missing: npx tm-db adopt",
      ].join("\n"),
    },
  );
}
