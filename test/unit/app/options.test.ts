import { expect, test } from "vitest";
import type { CommandOptions } from "../../../src/app/context.ts";
import { lint } from "../../../src/app/lint.ts";
import { migrate } from "../../../src/app/migrate.ts";
import { postgrestRun } from "../../../src/app/postgrest-run.ts";
import { temporaryProject } from "../../support/temporary-project.ts";

test.each(["projectDir", "env", "onEvent"] as const)("a program that leaves out %s is told so", async (name) => {
  const options = temporaryProject({ "migrations/0001_a.sql": "select 1;\n" });
  for (const command of [lint, migrate, postgrestRun]) {
    const wrong = { ...options, [name]: undefined } as unknown as CommandOptions;
    await expect(command(wrong)).rejects.toMatchObject({
      code: "USAGE",
      message: `the options of a command lack ${name}`,
    });
  }
});
