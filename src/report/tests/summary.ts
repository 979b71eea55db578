import type { TestResult } from "../../core/command-result.ts";
import type { PolicyName } from "../../core/test-result.ts";
import { formatMs, plural } from "../format.ts";
import type { Style } from "../style.ts";

/** What all reporters for people end with: the verdict, what was touched, and what was not. */
export function summaryLines(result: TestResult, style: Style): string[] {
  const { counts, passed, notRun, seed, server, template, ms } = result;
  const verdict = passed ? style.green("passed") : style.red(style.bold("failed"));
  const parts = [
    plural(counts.tests, "test"),
    ...(counts.failed > 0 ? [style.red(`${counts.failed} failed`)] : []),
    ...(counts.skipped > 0 ? [style.yellow(`${counts.skipped} skipped`)] : []),
    ...(counts.todo > 0 ? [style.yellow(`${counts.todo} to do`)] : []),
    `${plural(counts.files, "file")}${counts.failedFiles > 0 ? style.red(`, ${counts.failedFiles} failed`) : ""}`,
  ];
  const built = template.built ? ", template built" : "";
  return [
    ...(notRun.length > 0 ? [style.yellow(`not run: ${plural(notRun.length, "file")}`)] : []),
    ...touchedLines(result, style),
    ...(seed === null ? [] : [`shuffled; the same order again: --seed ${seed}`]),
    `${verdict}: ${parts.join(", ")} in ${formatMs(ms)} ${style.dim(`(databases of their own on ${server.address}, PostgreSQL ${server.version}${built})`)}`,
  ];
}

function touchedLines({ touched, narrowed }: TestResult, style: Style): string[] {
  const { policies, roles, commands, untouched } = touched;
  const all = policies + untouched.length;
  if (all === 0) return [];
  const by = roles.length === 0 ? "" : ` by ${roles.join(", ")} with ${commands.join(", ")}`;
  const first = `touched: ${policies} of ${all} policies${by}`;
  if (untouched.length === 0 || narrowed) return [first];
  return [first, style.yellow("no test touched"), ...untouched.map((policy) => `  ${policyWords(policy)}`)];
}

function policyWords({ table, policy, command }: PolicyName): string {
  return `${policy} on ${table} (${command})`;
}
