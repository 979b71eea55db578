import { expect, test } from "vitest";
import type { MigrationFile, RepeatableFile } from "../../../src/core/project-files.ts";
import type { LedgerState } from "../../../src/deploy/ledger-state.ts";
import { compareFiles, isEmptyPlan, planDeployment } from "../../../src/deploy/plan.ts";

const migration = (name: string, checksum = name): MigrationFile => ({
  name,
  path: `migrations/${name}.sql`,
  text: "",
  checksum,
  language: "sql",
  directives: { needs: [], retract: [], noTransaction: false },
});
const repeatable = (path: string, checksum = path): RepeatableFile => ({ path, text: "", checksum, folder: "views" });

const LEDGER: LedgerState = {
  exists: true,
  deployer: undefined,
  unfinished: undefined,
  migrations: [
    { name: "0001_a", path: "migrations/0001_a.sql", checksum: "0001_a" },
    { name: "0002_b", path: "migrations/0002_b.sql", checksum: null },
  ],
  repeatables: [
    { ...repeatable("views/same.sql"), made: [] },
    { ...repeatable("views/changed.sql"), made: [] },
    { ...repeatable("views/gone.sql"), made: [] },
  ],
};
const MIGRATIONS = [migration("0001_a"), migration("0002_b", "seen by nobody")];

test("tells files apart by name and checksum; one that node-pg-migrate applied counts as applied", () => {
  const repeatables = [
    repeatable("views/same.sql"),
    repeatable("views/changed.sql", "other"),
    repeatable("views/new.sql"),
  ];
  const files = { migrations: [...MIGRATIONS, migration("0003_c")], repeatables };
  const states = Object.fromEntries(compareFiles(files, LEDGER).map(({ path, state }) => [path, state]));
  expect(states).toEqual({
    "migrations/0001_a.sql": "applied",
    "migrations/0002_b.sql": "applied",
    "migrations/0003_c.sql": "pending",
    "views/same.sql": "applied",
    "views/changed.sql": "changed",
    "views/new.sql": "pending",
    "views/gone.sql": "removed",
  });
  const plan = planDeployment(files, LEDGER, { allowOutOfOrder: false });
  expect(plan.migrations.map(({ name }) => name)).toEqual(["0003_c"]);
  expect(plan.apply.map(({ file, reason }) => [file.path, reason])).toEqual([
    ["views/changed.sql", "changed"],
    ["views/new.sql", "new"],
  ]);
  expect(plan.remove.map(({ path }) => path)).toEqual(["views/gone.sql"]);
});

test("nothing changed is an empty plan", () => {
  const repeatables = LEDGER.repeatables.map(({ path }) => repeatable(path));
  expect(isEmptyPlan(planDeployment({ migrations: MIGRATIONS, repeatables }, LEDGER, { allowOutOfOrder: false }))).toBe(
    true,
  );
});
