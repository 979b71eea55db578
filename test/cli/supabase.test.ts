import { expect, test } from "vitest";
import { cliProject } from "./run-cli.ts";

/** What somebody does with a project in the course of a day: the command, and what its answer says. */
const DAY: readonly (readonly [command: string, says: string | RegExp])[] = [
  ["up", "deployed 4 migrations, 21 files"],
  ["status --check", "up to date"],
  ["test", /^touched: 23 of 23 policies by .*\npassed: \d{3} tests, 3 files/m],
  ["test supabase/tests/tables.sql --reporter tap", "Billing"],
  ["lint", "no findings in 0 migrations"],
  ["plan", "nothing to do"],
  ["drift", "no drift"],
  ["audit --fail-on error", "policy-overlap"],
  ["verify", "every way back is exact"],
  ["matrix", /^observed: \d+ cells \(7 people, 9 tables and views, 4 functions\), 0 undecided/m],
  ["matrix --check", ""],
  ["mutate --only Owners.*storage.objects", /score 100 %/],
  ["refresh", "private.turnover"],
  ["seed dev", "loaded supabase/seeds/dev.sql"],
  ["rollback", "rolled back"],
  ["plan --locks", "supabase/migrations/20240104000000_billing.sql"],
  ["migrate --dry-run", "supabase/schemas/views/Billing/Invoice.Totals.sql"],
  ["migrate", "deployed 4 migrations, 21 files"],
  ["rollback --to 20240102000000", "rolled back"],
  ["migrate", "deployed 2 migrations"],
  ["status --check", "up to date"],
  ["drift", "no drift"],
  ["reset --yes", "deployed 4 migrations, 21 files"],
  ["env", "PGRST_DB_SCHEMAS=public,storage,Billing"],
];

test("every command serves a project whose folders, roles, schemas, keys and names are not those of the reference database", async () => {
  const project = cliProject("supabase");
  for (const [command, says] of DAY) {
    const { code, stdout, stderr } = await project.run(command.split(" "));
    expect({ command, code, stdout, stderr }).toMatchObject({
      command,
      code: 0,
      stdout: expect.stringMatching(says),
    });
  }
});
