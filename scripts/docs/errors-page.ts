import { ERROR_CODES, type ErrorCode } from "../../src/core/errors.ts";
import { NEXT_STEPS } from "./next-steps.ts";

/** The page of all error codes, in Markdown. */
export function errorsPage(): string {
  const codes = Object.keys(ERROR_CODES) as ErrorCode[];
  const rows = codes.map((code) => {
    const { exit, means } = ERROR_CODES[code];
    return `| \`${code}\` | ${exit} | ${means} | ${NEXT_STEPS[code]} |`;
  });
  return [
    "# Errors",
    "",
    "This page is generated from `src/core/errors.ts`: `npm run docs`.",
    "",
    "Every error has a code, which stands before its message and in `error.code` of the `--json` document. It says what is",
    "wrong and where (file, line and column, PostgreSQL's own detail and SQLSTATE), and ends with a hint: the next thing to",
    "type. Exit codes: 1 it ran, and the answer is no; 2 it could not run; 130 interrupted.",
    "",
    "| code | exit | means | usual next step |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
    "A failure that is not in this list is a defect of tm-db: it exits with 3, prints its stack, and has the code `DEFECT`",
    "in the `--json` document.",
    "",
  ].join("\n");
}
