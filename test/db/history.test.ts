import { expect, test } from "vitest";
import { type Catalog, compareCatalogs } from "../../src/schema/catalog.ts";
import { type EngineProject, engineProject } from "./project.ts";
import { changeModel, filesOf, makeModel, makeRandom } from "./random-project.ts";

/**
 * The law of the engine: whatever was edited, deployed and rolled back, the catalog equals that of a fresh build from
 * the same files, and a rollback ends exactly where its deployment began. More seeds: TM_DB_HISTORY_SEEDS=1000.
 */
const SEEDS = Number(process.env["TM_DB_HISTORY_SEEDS"] ?? 6);
const STEPS = 8;

test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  "history %i ends where a fresh build ends",
  async (seed) => {
    const random = makeRandom(seed);
    const model = makeModel(random);
    const project = await engineProject(filesOf(model));
    const before: Catalog[] = [];
    const told: string[] = [];
    for (let step = 0; step < STEPS; step += 1) {
      if (before.length > 0 && random(4) === 0) {
        told.push("rollback");
        await project.rollback();
        await expectEqual(before.pop(), project, told);
        continue;
      }
      const files = filesOf(model);
      for (let edits = 1 + random(3); edits > 0; edits -= 1) changeModel(model, random);
      rewrite(project, files, filesOf(model));
      const start = await project.catalog();
      const { steps } = await project.migrate();
      told.push(`migrate ${steps.map(({ action, path }) => `${action} ${path}`).join(", ")}`);
      if (steps.length > 0) before.push(start);
      if (random(3) === 0) await expectEqual(await project.freshCatalog(), project, told);
    }
    await project.migrate();
    await expectEqual(await project.freshCatalog(), project, told);
    expect(await project.migrate()).toMatchObject({ steps: [] });
  },
  120_000,
);

async function expectEqual(
  expected: Catalog | undefined,
  project: EngineProject,
  told: readonly string[],
): Promise<void> {
  if (expected === undefined) throw new Error("there is nothing to compare with");
  expect(await compareCatalogs(expected, await project.catalog()), told.join("\n")).toEqual([]);
}

function rewrite(
  project: EngineProject,
  from: Readonly<Record<string, string>>,
  to: Readonly<Record<string, string>>,
): void {
  for (const path of Object.keys(from)) if (!(path in to)) project.write({ [path]: null });
  project.write(to);
}
