import type { VerifyCheck, VerifyGap, VerifyResult } from "../core/command-result.ts";
import { differenceLines } from "./drift-text.ts";
import { formatMs } from "./format.ts";
import type { Style } from "./style.ts";

const CHECK_WORDS: Readonly<Record<VerifyCheck["check"], string>> = {
  down: "its way back leaves what was before it",
  "up again": "a second time makes what the first time made",
  "nothing to do": "a second deployment has nothing to do",
  "rows kept": "rows that were there before it are there after its way up and back",
  "no way back": "it has no way back, so nothing can be said of it",
};

const GAP_WORDS: Readonly<Record<VerifyGap["check"], string>> = {
  everything: "everything, down to nothing, up again and once more, was not checked",
  "rows kept": "rows that were there before were not checked",
};

/** Of each way back, what holds and what does not; then what nobody looked at. */
export function verifyLines(result: VerifyResult, style: Style): string[] {
  const checks = result.checks.flatMap(({ subject, check, differences, failure }) => {
    const mark =
      check === "no way back"
        ? style.yellow("skipped")
        : differences.length === 0 && failure === null
          ? style.green("holds")
          : style.red("fails");
    return [
      `  ${mark}  ${subject}: ${CHECK_WORDS[check]}`,
      ...[...(failure === null ? [] : [failure]), ...differenceLines(differences)].map((line) => `         ${line}`),
    ];
  });
  const gaps = result.unchecked.map(
    ({ check, because }) => `  ${style.yellow("skipped")}  ${GAP_WORDS[check]}: ${because}`,
  );
  return [
    ...checks,
    ...gaps,
    `${verdict(result, style)} ${style.dim(`(scratch databases on ${result.server.address}, ${formatMs(result.ms)})`)}`,
  ];
}

/** Claims no more than was looked at. */
function verdict({ holds, checks, unchecked }: VerifyResult, style: Style): string {
  if (!holds) return style.red("not every way back is exact");
  if (checks.every(({ check }) => check === "no way back")) return style.yellow("no way back was checked");
  return style.green(`every way back ${unchecked.length === 0 ? "" : "that was checked "}is exact`);
}
