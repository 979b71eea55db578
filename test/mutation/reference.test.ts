import { cpSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { MutateResult } from "../../src/core/command-result.ts";
import { cliProject, REPOSITORY } from "../cli/run-cli.ts";

test("the policy tests notice every damage to the reference database that anybody could notice", async () => {
  const project = cliProject("reference");
  cpSync(join(REPOSITORY, "test/policies"), join(project.dir, "test/policies"), { recursive: true });
  const { stdout } = await project.run(["mutate", "--json", "--quiet"]);
  const { mutants, score, stale, passed } = JSON.parse(stdout) as MutateResult;
  expect(mutants.filter(({ verdict }) => verdict.kind === "survived").map(({ id }) => id)).toEqual([]);
  expect(stale).toEqual([]);
  expect({ score, passed }).toEqual({ score: 100, passed: true });
  expect(mutants.length).toBeGreaterThan(900);
  // The blunt ones are no equivalents, whoever says so.
  const blunt = /^(disable-row-security|drop-policy|open-policy|widen-|revoke-grant|open-execute|view-as-owner|unpin-)/;
  const excused = mutants.filter(({ operator, verdict }) => blunt.test(operator) && verdict.kind === "equivalent");
  expect(excused).toEqual([]);
});
