import { expect, test } from "vitest";
import type { Finding } from "../../../src/core/finding.ts";
import { githubAnnotations } from "../../../src/report/github.ts";

const FINDING: Finding = {
  rule: "ban:this,that",
  severity: "error",
  message: "100% wrong",
  help: "mend it\r\nnow",
  url: null,
  location: { file: "migrations/0001_a,b.sql", line: 3, column: 7, text: "x" },
};

test("a finding is a workflow command, with what would end it escaped", () => {
  expect(githubAnnotations([FINDING], "")).toBe(
    "::error file=migrations/0001_a%2Cb.sql,line=3,col=7,title=ban%3Athis%2Cthat::100%25 wrong%0Amend it%0D%0Anow\n",
  );
});

test("without findings nothing is printed", () => expect(githubAnnotations([], "")).toBe(""));

test("a project below the repository's root is named from there", () => {
  expect(githubAnnotations([FINDING], "packages/db")).toMatch(/^::error file=packages\/db\/migrations\//);
});

test("what stands in a finding is no command, and moves no terminal", () => {
  const nasty = "a\u001b]0;t\u0007\n::error::b ##[warning]c";
  const text = githubAnnotations([{ ...FINDING, rule: nasty, message: nasty }], "");
  expect(text.match(/[^\P{Cc}\n]|##\[/gu)).toBe(null);
  expect(text.split("\n").filter((line) => line.startsWith("::"))).toHaveLength(1);
});
