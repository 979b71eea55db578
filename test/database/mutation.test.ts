import { expect, test } from "vitest";
import type { MutantVerdict } from "../../src/core/mutation-result.ts";
import type { DatabaseClient } from "../../src/db/client.ts";
import { readFacts } from "../../src/mutate/facts.ts";
import { readFingerprint } from "../../src/mutate/fingerprint.ts";
import { planMutants } from "../../src/mutate/plan.ts";
import { type MutationOutcome, runMutants, type Suite } from "../../src/mutate/run.ts";
import { loadSqlTrees } from "../../src/mutate/sql-tree.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();

/** Runs every drop of a policy against a suite of one file, which does what it likes with the damage. */
async function runWith(
  withDamage: (client: DatabaseClient, damage: string) => Promise<boolean>,
): Promise<{ readonly outcome: MutationOutcome; readonly verdicts: readonly MutantVerdict[] }> {
  await loadSqlTrees();
  const owner = await db.connect("owner");
  const { host, port, user, password, database } = owner;
  const spec = {
    host,
    port,
    user: user ?? "",
    password: password ?? undefined,
    database: database ?? "",
    source: "the test",
  };
  const mutants = planMutants(await readFacts(owner, "authenticator")).filter(
    ({ operator }) => operator === "drop-policy",
  );
  const suite: Suite = {
    paths: ["one.sql"],
    prepareClone: async () => {},
    prepareSession: async () => {},
    runFile: async (client, _, { path, damage }) => {
      const common = { ms: 1, isUsable: true };
      if (damage === undefined || (await withDamage(client, damage)))
        return { kind: "passed", tables: new Set(), ...common };
      return { kind: "failed", by: { path, line: 1, title: "noticed" }, ...common };
    },
  };
  const verdicts: MutantVerdict[] = [];
  const outcome = await runMutants({
    suite,
    mutants,
    openClone: async () => await Promise.resolve(spec),
    fingerprint: readFingerprint,
    observe: async (client) => {
      const { rows } = await client.query<{ count: string }>("select count(*) from pg_policy");
      return rows[0]?.count ?? "";
    },
    jobs: 1,
    onVerdict: (_, verdict) => verdicts.push(verdict),
  });
  return { outcome, verdicts };
}

test("damages that are rolled back leave the database as it was; survivors are held against what everybody sees", async () => {
  const { outcome, verdicts } = await runWith(async (client, damage) => {
    await client.query(`begin; ${damage}`);
    await client.query("rollback");
    return !damage.includes("users");
  });
  expect(outcome).toEqual({ kind: "ran", fileRuns: verdicts.length });
  const kinds = verdicts.map((verdict) =>
    verdict.kind === "survived" ? `survived ${verdict.toldApart}` : verdict.kind,
  );
  expect(new Set(kinds)).toEqual(new Set(["killed", "survived true"]));
});

test("a damage that stays is noticed, and no verdict is worth anything", async () => {
  await expect(
    runWith(async (client, damage) => {
      await client.query(damage.includes("insert_owner") ? damage : "select 1");
      return true;
    }),
  ).rejects.toThrow(/a damage stayed in .*, so that verdicts mean nothing/);
});
