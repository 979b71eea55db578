import type { DoctorCheck, DoctorResult } from "../core/command-result.ts";
import { formatMs, plural, where } from "./format.ts";
import type { Style } from "./style.ts";

export function doctorLines(result: DoctorResult, style: Style): string[] {
  const { checks, database } = result;
  const width = Math.max(0, ...checks.map(({ check }) => check.length));
  const body = checks.flatMap(({ check, verdict, message, next, at }) => [
    `  ${mark(verdict, style)}  ${check.padEnd(width)}  ${message}${at === null ? "" : style.dim(`  ${at.file}:${at.line}:${at.column}`)}`,
    ...(next === null ? [] : [`  ${" ".repeat(MARK_WIDTH + width + 2)}  ${style.bold(`→ ${next}`)}`]),
  ]);
  return [where(database, style), ...body, summary(result, style)];
}

const MARK_WIDTH = "problem".length;

function mark(verdict: DoctorCheck["verdict"], style: Style): string {
  const word = verdict.padEnd(MARK_WIDTH);
  switch (verdict) {
    case "ok":
      return style.green(word);
    case "warning":
      return style.yellow(word);
    case "problem":
      return style.red(word);
    case "skipped":
      return style.dim(word);
  }
}

function summary({ checks, healthy, ms }: DoctorResult, style: Style): string {
  const count = (verdict: DoctorCheck["verdict"]): number => checks.filter((each) => each.verdict === verdict).length;
  const parts = (["problem", "warning"] as const).flatMap((verdict) => {
    const number = count(verdict);
    return number === 0 ? [] : [plural(number, verdict)];
  });
  if (count("skipped") > 0) parts.push(`${count("skipped")} skipped`);
  const rest = `${parts.length === 0 ? "" : `: ${parts.join(", ")}`} ${style.dim(`(${formatMs(ms)})`)}`;
  return `${healthy ? style.green("everything that could be looked at is in place") : style.red("not everything is in place")}${rest}`;
}
