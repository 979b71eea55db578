import { Parser, type Result } from "tap-parser";
import type { TestCase } from "../core/test-result.ts";
import type { SourceLocation } from "../core/errors.ts";

/** What a test file printed, and where in the files each line comes from. */
export interface TapLine {
  readonly text: string;
  readonly location: SourceLocation | undefined;
}

/** What the lines mean, as the Test Anything Protocol has it. */
export interface TapReport {
  readonly tests: readonly TestCase[];
  /** How many tests the file planned; null where it said nothing. */
  readonly planned: number | null;
  /** Why all tests were skipped: `1..0 # SKIP why`. */
  readonly skippedAll: string | null;
  /** Why the run is to end here: `Bail out! why`. */
  readonly bailOut: string | null;
  /** What is wrong with the numbers and the plan, in tap-parser's words. */
  readonly errors: readonly string[];
}

/** A test while its diagnostics are still being read. */
interface OpenCase extends TestCase {
  readonly diagnostics: string[];
}

/** Parses TAP 12 to 14, with subtests. @see https://testanything.org/tap-version-14-specification.html */
export function readTap(lines: readonly TapLine[]): TapReport {
  const places = lines.filter(({ text }) => /^(not )?ok\b/.test(text)).map(({ location }) => location);
  const found = { planned: null as number | null, skippedAll: null as string | null, bailOut: null as string | null };
  const plans = lines.filter(({ text }) => /^\d+\.\.\d+/.test(text)).length;
  const parser = new Parser();
  const tests = collectTests(parser, () => places.shift());
  parser.on("plan", ({ start, end, comment }: { start: number; end: number; comment: string }) => {
    // For a file that prints nothing at all tap-parser makes up a plan of its own.
    if (plans === 0) return;
    found.planned = end - start + 1;
    if (found.planned === 0 && comment !== "") found.skippedAll = comment.replace(/^skip\S*\s*/i, "");
  });
  parser.on("bailout", (reason: unknown) => {
    found.bailOut = typeof reason === "string" && reason !== "" ? reason : "no reason given";
  });
  parser.end(lines.map(({ text }) => `${text}\n`).join(""));
  const errors = (parser.results?.failures ?? []).flatMap(({ tapError }) =>
    typeof tapError === "string" ? [tapError] : [],
  );
  // tap-parser goes by the first, and whatever follows it in a second transaction would not be compared.
  if (plans > 1)
    errors.push(
      `there are ${plans} plans: a file has one, and whatever it tests in another transaction belongs in a file of its own`,
    );
  return { tests, ...found, errors };
}

/** Listens to a parser; the list fills while it reads. */
function collectTests(parser: Parser, nextPlace: () => SourceLocation | undefined): OpenCase[] {
  const tests: OpenCase[] = [];
  let subtests: readonly TestCase[] = [];
  parser.on("child", (child: Parser) => {
    subtests = collectTests(child, () => undefined);
  });
  parser.on("assert", (result: Result) => {
    tests.push({ ...caseOf(result, nextPlace()), subtests, diagnostics: [] });
    subtests = [];
  });
  parser.on("comment", (line: string) => {
    const text = line.replace(/^\s*# ?/, "").replace(/\n$/, "");
    const last = tests.at(-1);
    if (last === undefined || text.startsWith("Subtest: ")) return;
    last.diagnostics.push(text);
  });
  return tests;
}

function caseOf(result: Result, location: SourceLocation | undefined): Omit<TestCase, "subtests" | "diagnostics"> {
  const directive = (value: string | boolean): string | null => (value === false ? null : value === true ? "" : value);
  return {
    number: result.id,
    name: result.name,
    ok: result.ok,
    todo: directive(result.todo),
    skip: directive(result.skip),
    location: location ?? null,
  };
}
