import type { CommandResult } from "../core/command-result.ts";
import type { TmDbError } from "../core/errors.ts";
import { visibleJson } from "./visible.ts";

/** One JSON document for a result: its fields, after `"ok": true`, with durations in tenths of a millisecond. */
export function resultJson(result: CommandResult, indent = 2): string {
  return `${visibleJson({ ok: true, ...inTenths(result) }, indent)}\n`;
}

const DURATIONS: ReadonlySet<string> = new Set(["ms", "heldMs", "durationMs"]);

/** Some clocks have nanoseconds, which say nothing and only make documents differ. */
function inTenths(result: CommandResult): object {
  // The claims of a token are somebody else's, whatever they are called.
  if (result.command === "token" || result.command === "token decode") return result;
  const rounded = JSON.stringify(result, (name, value: unknown) =>
    DURATIONS.has(name) && typeof value === "number" ? Math.round(value * 10) / 10 : value,
  );
  return JSON.parse(rounded) as object;
}

/** One JSON document for an error. */
export function errorJson(error: TmDbError, indent = 2): string {
  const { code, message, hint, detail, location, sqlState, problems } = error;
  return `${visibleJson({ ok: false, error: { code, message, hint, detail, location, sqlState, problems } }, indent)}\n`;
}

/** One JSON document for a failure that tm-db did not foresee. */
export function defectJson(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  return `${visibleJson({ ok: false, error: { code: "DEFECT", message, stack, problems: [] } }, 2)}\n`;
}
