import { Command, Option } from "commander";
import { AUDIT_SEVERITIES, type AuditRuleText, type FailOn } from "../../core/audit.ts";
import type { AuditResult } from "../../core/command-result.ts";
import { TOOL_VERSION } from "../../core/tool-version.ts";
import { auditGithub } from "../../report/audit.ts";
import { resultJson } from "../../report/json.ts";
import { auditSarif } from "../../report/sarif.ts";
import { makeStyle } from "../../report/style.ts";
import { resultText } from "../../report/text.ts";
import type { Execute } from "../execute.ts";
import { addDatabaseOptions, folderInRepository, type SharedOptions } from "../shared-options.ts";
import { writeReport } from "../write-report.ts";

interface AuditFlags extends SharedOptions {
  readonly rule?: readonly string[];
  readonly failOn: FailOn;
  readonly files?: true;
  readonly writeBaseline?: string;
  readonly output?: string;
  readonly list?: true;
  readonly explain?: string;
}

export function auditCommand(execute: Execute): Command {
  return addDatabaseOptions(new Command("audit"))
    .description("find what in a database leaks, fails or is slow when PostgREST serves it, with the SQL that mends it")
    .option("--rule <names...>", "ask these rules only")
    .addOption(
      new Option("--fail-on <severity>", "exit with 1 for findings of this severity or worse")
        .choices([...AUDIT_SEVERITIES, "never"])
        .default("warning"),
    )
    .option("--files", "audit what the files build on a scratch database, pending ones included")
    .option("--write-baseline <reason>", "accept what is found now, for this reason, in audit.baseline.json")
    .addOption(
      new Option("--format <format>", "text, github (annotations at their lines), sarif or json (as --json)")
        .choices(["text", "github", "sarif", "json"])
        .default("text"),
    )
    .option("--output <file>", "write that format to a file")
    .option("--list", "list the rules")
    .option("--explain <rule>", "print what a rule means, and how to fix what it finds")
    .addHelpText("after", "\nExamples:\n  npx tm-db audit\n  npx tm-db audit --explain view-security-invoker\n")
    .action(async (flags: AuditFlags) => {
      let printed: string | undefined;
      await execute(
        // With --output, stdout is for people.
        flags.output === undefined ? flags : { ...flags, format: "text" },
        async (context) => {
          const { audit, auditRules } = await import("../../app/audit.ts");
          if (flags.list === true || flags.explain !== undefined) return auditRules(flags.explain);
          const { rule: rules, failOn, files, writeBaseline, output } = flags;
          const result = await audit({ ...context, rules, failOn, files, writeBaseline });
          const text = report(result, flags, auditRules().rules);
          if (output === undefined) printed = text;
          else await writeReport(output, text ?? resultText(result, makeStyle(false)));
          return result;
        },
        { check: false, present: (result, style) => printed ?? resultText(result, style) },
      );
    });
}

/** In the format that was asked for; undefined for people. */
function report(result: AuditResult, flags: AuditFlags, rules: readonly AuditRuleText[]): string | undefined {
  switch (flags.format) {
    case "github":
      return auditGithub(result, folderInRepository(flags));
    case "sarif":
      return auditSarif(result, { rules, toolVersion: TOOL_VERSION, folder: folderInRepository(flags) });
    case "json":
      return resultJson(result);
    case "text":
    case undefined:
      return undefined;
  }
}
