import { Command, Option } from "commander";
import type { TestOptions } from "../../app/test.ts";
import type { CommandResult, TestResult } from "../../core/command-result.ts";
import { makeStyle, type Style } from "../../report/style.ts";
import { type Reporter, REPORTERS, testReport } from "../../report/tests/reporters.ts";
import { resultText } from "../../report/text.ts";
import type { Execute } from "../execute.ts";
import { addContainerOptions, addDatabaseOptions, folderInRepository, type SharedOptions } from "../shared-options.ts";
import { writeReport } from "../write-report.ts";
import { MAX_SEED, wholeNumber } from "../parse-number.ts";

interface TestFlags extends SharedOptions {
  readonly test?: string;
  readonly jobs?: number;
  readonly bail?: true;
  readonly shuffle?: true;
  readonly seed?: number;
  readonly timeout?: number;
  readonly watch?: true;
  readonly reporter: Reporter;
  readonly output?: string;
}

export function testCommand(execute: Execute): Command {
  return addContainerOptions(addDatabaseOptions(new Command("test")))
    .description("run the policy tests (pgTAP) on databases of their own, made from the project's files")
    .argument("[paths...]", "files and folders of tests; all if left out")
    .option("-t, --test <pattern>", "only files whose path or text this regular expression finds")
    .option(
      "--jobs <count>",
      "how many databases to run on side by side (default: as many as processors)",
      wholeNumber(1),
    )
    .option("--bail", "end after the first file that fails")
    .option("--shuffle", "run the files in a random order, and print its seed")
    .option("--seed <number>", "run the files in the order of this seed", wholeNumber(0, MAX_SEED))
    .option("--timeout <ms>", "how long one file may run (default: 60000)", wholeNumber(1))
    .option("--watch", "stay, and run what a saved file touches")
    .addOption(new Option("--reporter <name>", "how to print the result").choices(REPORTERS).default("spec"))
    .option("--output <file>", "write that report to a file, and the one for people to stdout")
    .addHelpText("after", "\nExample:\n  npx tm-db test test/policies/tasks.sql --watch\n")
    .action(async (paths: readonly string[], flags: TestFlags) => {
      const present = (result: CommandResult, style: Style): string => presentation(result, flags, style);
      await execute(
        flags,
        async (context) => {
          const options = testOptions(paths, flags, context);
          if (flags.watch === true) {
            const { watchTests } = await import("../../app/watch-tests.ts");
            return await watchTests(options, { onResult: context.print, onFailure: context.printFailure });
          }
          const result = await (await import("../../app/test.ts")).test(options);
          if (flags.output !== undefined) await writeReport(flags.output, report(result, flags, makeStyle(false)));
          return result;
        },
        { check: false, present },
      );
    });
}

function testOptions<Context extends Omit<TestOptions, "only">>(
  paths: readonly string[],
  flags: TestFlags,
  context: Context,
) {
  return {
    ...context,
    only: paths,
    cwd: process.cwd(),
    pattern: flags.test,
    jobs: flags.jobs,
    bail: flags.bail,
    seed: flags.seed ?? (flags.shuffle === true ? ("random" as const) : undefined),
    timeoutMs: flags.timeout,
  };
}

function presentation(result: CommandResult, flags: TestFlags, style: Style): string {
  if (result.command !== "test") return resultText(result, style);
  return report(result, flags.output === undefined ? flags : { ...flags, reporter: "spec" }, style);
}

function report(result: TestResult, flags: TestFlags, style: Style): string {
  return testReport(result, { reporter: flags.reporter, folder: folderInRepository(flags), style });
}
