import type { Difference } from "../core/command-result.ts";
import { readContents, type TableContent } from "../db/fingerprint.ts";
import { withTransaction } from "../db/transaction.ts";
import { runSql } from "../deploy/run-sql.ts";
import type { Verification } from "./verification.ts";

/**
 * Loads the development data into what is deployed, and walks back to nothing. At each migration it goes down, up and
 * down once more, and what stood in the tables before it must stand there afterwards. A migration before which no table
 * has a row says nothing, and is not told.
 */
export async function verifyRows(verification: Verification): Promise<void> {
  const { client, input } = verification;
  const { seed, prepared } = input;
  if (seed === undefined) return;
  await withTransaction(client, "read write", async () => {
    await runSql(client, { path: seed.path, text: seed.text, part: { sql: seed.text, offset: 0 } });
  });
  for (const [index, { file }] of [...prepared.entries()].reverse()) {
    const subject = file.path;
    if (!(await verification.attempt(subject, "rows kept", async () => await verification.takeBack()))) return;
    const before = await readContents(client);
    if (before.every(({ rows }) => rows === 0)) continue;
    const isThere = await verification.attempt(subject, "rows kept", async () => {
      await verification.deploy(verification.upTo(index));
      await verification.takeBack();
    });
    if (!isThere) return;
    const differences = compareContents(before, await readContents(client));
    verification.add({ subject, check: "rows kept", differences });
  }
}

/** Tables that are missing altogether are a matter of the catalog, which was compared before. */
function compareContents(before: readonly TableContent[], after: readonly TableContent[]): Difference[] {
  const found = new Map(after.map((content) => [content.table, content]));
  return before.flatMap(({ table, rows, sum }): Difference[] => {
    const now = found.get(table);
    if (now === undefined || (now.rows === rows && now.sum === sum)) return [];
    const detail = now.rows === rows ? `${rows} rows, with other values` : `${rows} rows → ${now.rows} rows`;
    return [{ kind: "different", object: `rows of ${table}`, detail }];
  });
}
