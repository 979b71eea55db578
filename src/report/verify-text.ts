import type { VerifyCheck, VerifyResult } from "../core/command-result.ts";
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

/** Of each way back, what holds and what does not. */
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
  const verdict = result.holds ? style.green("every way back is exact") : style.red("not every way back is exact");
  return [
    ...checks,
    `${verdict} ${style.dim(`(scratch databases on ${result.server.address}, ${formatMs(result.ms)})`)}`,
  ];
}
