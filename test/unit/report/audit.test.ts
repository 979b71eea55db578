import { expect, test } from "vitest";
import type { AuditFinding } from "../../../src/core/audit.ts";
import type { AuditResult } from "../../../src/core/command-result.ts";
import { auditGithub, auditLines, auditRulesLines } from "../../../src/report/audit.ts";
import { makeStyle } from "../../../src/report/style.ts";

const FINDING: AuditFinding = {
  rule: "sensitive-column",
  severity: "error",
  object: "column api.users.password",
  message: "looks like a secret, and web_user may read it",
  fix: "revoke select on api.users from web_user;\ngrant select (id) on api.users to web_user;",
  location: { file: "migrations/0001_users.sql", line: 3, column: 3, text: "  password text" },
};
const ADVICE: AuditFinding = { ...FINDING, rule: "comment-missing", severity: "info", fix: null, location: null };
const RESULT: AuditResult = {
  command: "audit",
  database: { address: "me@host:5432/app", source: "--database-url", version: "18.4" },
  audited: "database",
  rules: ["comment-missing", "sensitive-column"],
  findings: [FINDING, ADVICE],
  accepted: [],
  ignored: [],
  baseline: null,
  failOn: "warning",
  passed: false,
  ms: 5,
};
const style = makeStyle(false);

test("a finding for a person says what, where and how to mend it; then the verdict and the next command", () => {
  expect(auditLines(RESULT, style)).toEqual([
    "error sensitive-column column api.users.password looks like a secret, and web_user may read it",
    "  at migrations/0001_users.sql:3:3",
    "  3 |   password text",
    "    |   ^",
    "  fix revoke select on api.users from web_user;",
    "      grant select (id) on api.users to web_user;",
    "",
    "info comment-missing column api.users.password looks like a secret, and web_user may read it",
    "",
    "1 error, 1 info of 2 rules in me@host:5432/app",
    "more about a rule: npx tm-db audit --explain sensitive-column",
  ]);
});

test("a name that a terminal would obey is shown", () => {
  const odd = { ...FINDING, object: 'table api."\u001b[2J"', location: null, fix: 'alter table api."\u001b[2J" …;' };
  expect(auditLines({ ...RESULT, findings: [odd] }, style).slice(0, 2)).toEqual([
    'error sensitive-column table api."\\u001b[2J" looks like a secret, and web_user may read it',
    '  fix alter table api."\\u001b[2J" …;',
  ]);
});

test("what is accepted or does not count is said, too", () => {
  const accepted = [{ ...FINDING, reason: "a demonstration" }];
  const baseline = { path: "audit.baseline.json", written: true };
  const quiet = { ...RESULT, findings: [ADVICE], accepted, baseline, passed: true };
  expect(auditLines(quiet, style).slice(2)).toEqual([
    "1 info of 2 rules in me@host:5432/app",
    "1 more accepted by audit.baseline.json",
    "wrote audit.baseline.json",
    "none counts: --fail-on warning",
    "more about a rule: npx tm-db audit --explain comment-missing",
  ]);
  expect(auditLines({ ...RESULT, findings: [], passed: true }, style)).toEqual([
    "no findings of 2 rules in me@host:5432/app",
  ]);
});

test("annotations stand at their lines, or at the run, and advice is a notice", () => {
  expect(auditGithub(RESULT, "db")).toBe(
    "::error file=db/migrations/0001_users.sql,line=3,col=3,title=sensitive-column::column api.users.password looks like a secret, and web_user may read it%0Arevoke select on api.users from web_user;%0Agrant select (id) on api.users to web_user;\n" +
      "::notice title=comment-missing::column api.users.password looks like a secret, and web_user may read it\n",
  );
});

test("rules are listed a line each, or one is printed to be read", () => {
  const rule = { id: "rls-disabled", title: "A table is open", severity: "error", text: "## What it means\n" } as const;
  const listed = auditRulesLines({ command: "audit-rules", explained: false, rules: [rule] }, style);
  expect(listed).toEqual(["error    rls-disabled  A table is open"]);
  const explained = auditRulesLines({ command: "audit-rules", explained: true, rules: [rule] }, style);
  expect(explained).toEqual(["# rls-disabled error", "", "A table is open", "", "## What it means"]);
});
