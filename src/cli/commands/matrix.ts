import { Command, Option } from "commander";
import type { CommandResult } from "../../core/command-result.ts";
import { MATRIX_JSON, MATRIX_MARKDOWN, matrixJson } from "../../core/matrix-document.ts";
import { matrixGithub } from "../../report/matrix/github.ts";
import { matrixMarkdown } from "../../report/matrix/markdown.ts";
import type { Style } from "../../report/style.ts";
import { resultText } from "../../report/text.ts";
import type { Execute } from "../execute.ts";
import { addContainerOptions, addDatabaseOptions, folderInRepository, type SharedOptions } from "../shared-options.ts";
import { writeReport } from "../write-report.ts";

interface MatrixFlags extends SharedOptions {
  readonly check?: true;
  readonly html?: string;
}

export function matrixCommand(execute: Execute): Command {
  return addContainerOptions(addDatabaseOptions(new Command("matrix")))
    .description(
      "let everybody whom the fixtures make try everything that the API exposes, and write down who may do what",
    )
    .option("--check", "write nothing; say what opened and closed since the committed matrix (exit code 1)")
    .option("--html <file>", "write a page as well, to filter in a browser")
    .addOption(
      new Option("--format <format>", "text, github (annotations at the policies and grants) or json (as --json)")
        .choices(["text", "github", "json"])
        .default("text"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  npx tm-db matrix --html matrix.html\n  npx tm-db matrix --check --format github\n",
    )
    .action(async (flags: MatrixFlags) => {
      await execute(
        flags,
        async (context) => {
          const { matrix } = await import("../../app/matrix.ts");
          const documents = { [MATRIX_MARKDOWN]: matrixMarkdown, [MATRIX_JSON]: matrixJson };
          const result = await matrix({ ...context, check: flags.check, documents });
          if (flags.html !== undefined) {
            const { matrixHtml } = await import("../../report/matrix/html.ts");
            await writeReport(flags.html, matrixHtml(result.matrix));
          }
          return result;
        },
        { check: false, present: (result, style) => presentation(result, flags, style) },
      );
    });
}

function presentation(result: CommandResult, flags: MatrixFlags, style: Style): string {
  if (result.command !== "matrix" || flags.format !== "github") return resultText(result, style);
  return matrixGithub(result, folderInRepository(flags), style);
}
