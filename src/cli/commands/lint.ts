import { resolve } from "node:path";
import { Argument, Command, Option } from "commander";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, type SharedOptions } from "../shared-options.ts";

interface LintFlags extends SharedOptions {
  readonly all?: true;
}

export function lintCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("lint"))
    .description("lint pending migrations with squawk, and functions, views and policies with rules of our own")
    .addArgument(new Argument("[files...]", "lint these files or folders, and ask no database what is pending"))
    .addOption(new Option("--all", "lint every migration, applied ones too, and ask no database"))
    .addOption(
      new Option("--format <format>", "text, github (annotations at their lines) or json (as --json)")
        .choices(["text", "github", "json"])
        .default("text"),
    )
    .addHelpText("after", "\nExamples:\n  npx tm-db lint\n  npx tm-db lint migrations/0008_add_milestones.sql\n")
    .action(async (files: readonly string[], flags: LintFlags) => {
      await execute(flags, async (context) => {
        const { lint } = await import("../../app/lint.ts");
        return await lint({ ...context, all: flags.all, files: files.map((file) => resolve(file)) });
      });
    });
}
