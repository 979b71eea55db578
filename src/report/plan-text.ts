import type { LockReport, PlanResult } from "../core/command-result.ts";
import { plural } from "./format.ts";
import type { Style } from "./style.ts";

type Formatted = { readonly steps: readonly string[]; readonly where: string };

/** A plan; `steps` and `where` are worded as for a deployment. */
export function planLines(result: PlanResult, { steps, where }: Formatted, style: Style): string[] {
  const warnings = result.warnings.map((warning) => `${style.yellow("warning")} ${warning}`);
  if (result.steps.length === 0) return [`nothing to do: ${where}`, ...warnings];
  const locks = result.locks === null ? [] : lockLines(result.locks, style);
  return [
    ...steps,
    ...locks,
    `${plural(result.steps.length, "file")} to deploy to ${where}; nothing was written`,
    ...warnings,
  ];
}

function lockLines({ statements, locks, tooLong }: LockReport, style: Style): string[] {
  const details = statements.flatMap((step) => {
    const place = step.line === null ? step.path : `${step.path}:${step.line}`;
    const effects = [
      ...step.locks.map(({ table, mode }) => `locks ${table} (${mode})`),
      ...step.rewrites.map((table) => style.yellow(`writes all of ${table}, with its indexes`)),
      ...step.scans.map((table) => style.yellow(`reads all of ${table}`)),
      ...step.indexes
        .filter(({ table }) => !step.rewrites.includes(table))
        .map(({ name, table }) => style.yellow(`builds ${name} over all of ${table}`)),
    ];
    return [
      `  ${place}  ${step.statement}  ${style.dim(`${step.ms.toFixed(1)} ms`)}`,
      ...effects.map((effect) => `    ${effect}`),
    ];
  });
  const held = locks.map(({ table, mode, heldMs, rows, bytes }) => {
    const size = `${rows === null ? "unknown rows" : `about ${rows} rows`}, ${Math.ceil(bytes / 1024)} kB`;
    return `  ${mode} on ${table} for ${heldMs.toFixed(1)} ms  ${style.dim(size)}`;
  });
  const verdict = tooLong.map(({ table, mode, because }) => `${style.red("too long")} ${mode} on ${table}: ${because}`);
  return [
    "",
    "statements, and what they do to tables and views that are there already:",
    ...details,
    "",
    held.length === 0 ? "no table or view that is there already is locked" : "locks, held until the transaction ends:",
    ...held,
    "times are those of empty tables: what is written, read or indexed as a whole takes longer the larger the table is",
    "",
    ...verdict,
  ];
}
