import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { TmDbError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";

/** What squawk says of a text: lines and columns count from 0, columns in bytes of UTF-8. */
interface SquawkViolation {
  readonly line: number;
  readonly column: number;
  readonly level: string;
  readonly message: string;
  readonly help: string | null;
  readonly rule_name: string;
}

/**
 * Rules that a deployment makes pointless: it is one transaction (`prefer-robust-stmts`, `transaction-nesting`), its
 * timeouts are options of the run, and syntax is judged by PostgreSQL's own parser.
 */
const SETTLED: ReadonlySet<string> = new Set([
  "prefer-robust-stmts",
  "require-lock-timeout",
  "require-statement-timeout",
  "syntax-error",
  "transaction-nesting",
]);

/** What squawk's help does not know: how tm-db has it. */
const OUTSIDE = "; in a migration of its own that begins with: -- tm-db: no-transaction";
const MORE_HELP: Readonly<Record<string, string>> = {
  "require-concurrent-index-creation": OUTSIDE,
  "require-concurrent-index-deletion": OUTSIDE,
  "require-concurrent-reindex": OUTSIDE,
  "ban-concurrent-index-creation-in-transaction": OUTSIDE,
};

/** A finding, and where it is in the text that was given, in characters. */
export interface PlacedFinding extends Omit<Finding, "location" | "sql"> {
  readonly offset: number;
}

export interface SquawkInput {
  /** The name of the file, for squawk's own `excluded_paths`. */
  readonly path: string;
  readonly sql: string;
  readonly pgMajor: number;
  readonly inTransaction: boolean;
  /** Where a `.squawk.toml` is looked for, upwards. */
  readonly projectDir: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds squawk's native program: the npm package has one for each platform, and starting it directly saves the time
 * that its wrapper takes.
 * @throws TmDbError LINTER_UNUSABLE where the platform's package is not installed.
 */
export function findSquawk(
  platform = `${process.platform}-${process.arch}`,
  resolve: (name: string) => string = resolveInstalled,
): string {
  try {
    return resolve(`@squawk-cli/${platform}/bin/squawk${platform.startsWith("win32") ? ".exe" : ""}`);
  } catch (error) {
    throw new TmDbError("LINTER_UNUSABLE", `squawk, which lints migrations, is not installed for ${platform}`, {
      detail:
        "it comes as an optional package; a lock file made on another platform, or --omit=optional, leaves it out",
      hint: `npm install --include=optional --no-save @squawk-cli/${platform}@${squawkVersion()}`,
      cause: error,
    });
  }
}

/** The platform's package lies beside squawk's own, wherever the package manager has put that. */
function resolveInstalled(name: string): string {
  const beside = createRequire(import.meta.url).resolve("squawk-cli/package.json");
  return createRequire(beside).resolve(name);
}

function squawkVersion(): string {
  return (createRequire(import.meta.url)("squawk-cli/package.json") as { readonly version: string }).version;
}

/**
 * Runs squawk over one text, given on its standard input.
 * @throws TmDbError LINTER_UNUSABLE where it does not run: a broken `.squawk.toml`; INTERRUPTED.
 */
export async function runSquawk(program: string, input: SquawkInput): Promise<PlacedFinding[]> {
  const args = [
    ["--reporter", "json"],
    ["--stdin-filepath", input.path],
    ["--pg-version", `${input.pgMajor}.0`],
    input.inTransaction ? ["--assume-in-transaction"] : ["--no-assume-in-transaction"],
  ].flat();
  const { code, stdout, stderr } = await pipe(program, args, input);
  if (!stdout.startsWith("[")) {
    throw new TmDbError("LINTER_UNUSABLE", `squawk ended with ${String(code)} on ${input.path}`, {
      detail: stderr.trim(),
      hint: "if the project, or a folder above it, has a .squawk.toml: mend it",
    });
  }
  const lines = input.sql.split("\n");
  return (JSON.parse(stdout) as readonly SquawkViolation[])
    .filter((found) => !SETTLED.has(found.rule_name))
    .map((found) => ({
      rule: found.rule_name,
      severity: "warning",
      message: found.message,
      help: helpOf(found),
      url: `https://squawkhq.com/docs/${found.rule_name}`,
      offset: offsetOf(lines, found),
    }));
}

function helpOf({ help, rule_name: rule }: SquawkViolation): string | null {
  const more = MORE_HELP[rule];
  return more === undefined ? help : `${(help ?? "run it outside of a transaction").replace(/\.$/, "")}${more}`;
}

function offsetOf(lines: readonly string[], { line, column }: SquawkViolation): number {
  const before = lines.slice(0, line).reduce((length, text) => length + text.length + 1, 0);
  const bytes = Buffer.from(lines[line] ?? "").subarray(0, column);
  return before + bytes.toString().length;
}

/** squawk takes a file of a single statement to be run outside of a transaction, whatever it is told. */
const SECOND_STATEMENT = "\n;select;";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function pipe(program: string, args: readonly string[], input: SquawkInput): Promise<Ended> {
  return await new Promise<Ended>((resolve, reject) => {
    const { signal, projectDir } = input;
    const child = spawn(program, args, { cwd: projectDir, stdio: "pipe", ...(signal === undefined ? {} : { signal }) });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // It may end before it has read everything; its exit code says why.
    child.stdin.on("error", () => {});
    child.on("error", (error) => {
      reject(signal?.aborted === true ? new TmDbError("INTERRUPTED", "interrupted", { cause: error }) : error);
    });
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(input.inTransaction ? `${input.sql}${SECOND_STATEMENT}` : input.sql);
  });
}
