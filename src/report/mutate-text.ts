import type { MutateResult } from "../core/command-result.ts";
import type { TmDbEvent } from "../core/event.ts";
import type { MutantCounts, MutantResult, StaleEquivalent } from "../core/mutation-result.ts";
import { formatCount, formatMs, where } from "./format.ts";
import type { Style } from "./style.ts";

const BAR_WIDTH = 24;
/** How much of what stayed the same a change is shown with, on either side. */
const CONTEXT = 40;

/** How far a run is, as one line. */
export function mutationProgress(event: Extract<TmDbEvent, { readonly kind: "mutated" }>): string {
  const { done, of, survived, msLeft } = event;
  const full = Math.floor((done / of) * BAR_WIDTH);
  const bar = `${"█".repeat(full)}${"░".repeat(BAR_WIDTH - full)}`;
  return `${bar} ${done} of ${of} damages, ${survived} not noticed, ${formatLeft(msLeft)} left`;
}

function formatLeft(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Each damage that no test noticed, then stale entries, then the score. */
export function mutateLines(result: MutateResult, style: Style): string[] {
  const survivors = result.mutants.filter(({ verdict }) => verdict.kind === "survived");
  return [
    ...survivors.flatMap((mutant) => survivorLines(mutant, style)),
    ...result.mutants.flatMap((mutant) => timeoutLines(mutant, style)),
    ...result.stale.map((entry) => staleLine(entry, result, style)),
    ...summaryLines(result, style),
  ];
}

function survivorLines(mutant: MutantResult, style: Style): string[] {
  const { operator, subject, before, after, location, skeleton } = mutant;
  const [old, now] = clipChange(before, after);
  return [
    `${style.red("not noticed")}  ${style.bold(subject)}  ${style.dim(operator)}`,
    ...(location === null ? [] : [`  ${style.cyan("at")} ${location.file}:${location.line}:${location.column}`]),
    ...(old === "" ? [] : [`  ${style.red(`- ${old}`)}`]),
    ...(now === "" ? [] : [`  ${style.green(`+ ${now}`)}`]),
    ...apartLines(mutant, style),
    `  ${style.dim("a test that would notice begins like this:")}`,
    ...(skeleton ?? "").split("\n").map((line) => `    ${line}`.trimEnd()),
    "",
  ];
}

function apartLines({ verdict }: MutantResult, style: Style): string[] {
  if (verdict.kind !== "survived" || verdict.toldApart === null) return [];
  return [
    verdict.toldApart
      ? `  ${style.yellow("somebody sees or may do something else with it: a test is missing")}`
      : `  ${style.dim("the access matrix, which counts rows, comes out the same: a test is missing, or nobody could ever tell")}`,
  ];
}

/** Both sides of a change without most of what they begin and end with alike. */
export function clipChange(before: string, after: string): readonly [string, string] {
  if (before === "" || after === "") return [clipEnd(before), clipEnd(after)];
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const clip = (text: string): string => {
    const from = Math.max(0, head - CONTEXT);
    const to = Math.min(text.length, text.length - tail + CONTEXT);
    return `${from > 0 ? "…" : ""}${text.slice(from, to)}${to < text.length ? "…" : ""}`;
  };
  return [clip(before), clip(after)];
}

const LONGEST = 200;

function clipEnd(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function timeoutLines({ verdict, id }: MutantResult, style: Style): string[] {
  if (verdict.kind !== "timed-out") return [];
  return [`${style.yellow("noticed by time alone")}  ${verdict.path} did not end in time with: ${id}`];
}

const WHY: Readonly<Record<StaleEquivalent["why"], string>> = {
  gone: "there is no such damage any more",
  killed: "a test notices it",
  invalid: "PostgreSQL refuses it",
  "told-apart": "somebody sees or may do something else with it, so a test could notice",
};

function staleLine({ mutant, why }: StaleEquivalent, { equivalentsPath }: MutateResult, style: Style): string {
  return `${style.red("stale")}  ${equivalentsPath}: ${WHY[why]}: ${mutant}`;
}

function summaryLines(result: MutateResult, style: Style): string[] {
  const { counts, score, minScore, mutants, since, resumed, ms, server, passed, fileRuns } = result;
  const notes = [
    since === null ? "" : `of what changed since ${since}`,
    resumed === 0 ? "" : `${formatCount(resumed)} from an interrupted run`,
  ].filter((note) => note !== "");
  const scope = notes.length === 0 ? "" : ` (${notes.join("; ")})`;
  const verdict = passed ? style.green("passed") : style.red("FAILED");
  const percent = score === null ? "nothing to damage" : `score ${score} % of ${minScore} % wanted`;
  return [
    ...(mutants.length === 0 ? [] : [countWords(counts)]),
    `${verdict}: ${percent}, ${formatCount(mutants.length)} ${mutants.length === 1 ? "damage" : "damages"}${scope}, ${formatCount(fileRuns)} ${fileRuns === 1 ? "run" : "runs"} of test files in ${formatMs(ms)} on ${where(server, style)}`,
  ];
}

function countWords({ killed, timedOut, survived, equivalent, invalid }: MutantCounts): string {
  const words = [
    [killed, "noticed by a test"],
    [timedOut, "noticed by a timeout"],
    [survived, "not noticed"],
    [equivalent, "equivalent, with a reason"],
    [invalid, "refused by PostgreSQL, not counted"],
  ] as const;
  return words.flatMap(([count, what]) => (count === 0 ? [] : [`${formatCount(count)} ${what}`])).join(" · ");
}
