import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { auditRules } from "../../../src/app/audit.ts";
import type { AuditFinding } from "../../../src/core/audit.ts";
import type { AuditResult } from "../../../src/core/command-result.ts";
import { auditSarif } from "../../../src/report/sarif.ts";

interface Ajv {
  addMetaSchema(schema: unknown): void;
  compile(schema: unknown): { (value: unknown): boolean; errors?: unknown };
}

// The schema is that of the standard, in draft 4 of JSON Schema, which Ajv 6 is the last to read.
const require = createRequire(import.meta.url);
const AjvClass = require("ajv") as new (options: object) => Ajv;
const ajv = new AjvClass({ schemaId: "auto", validateSchema: false, unknownFormats: "ignore" });
ajv.addMetaSchema(require("ajv/lib/refs/json-schema-draft-04.json"));
const isValid = ajv.compile(require("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"));

const LOCATED: AuditFinding = {
  rule: "rls-disabled",
  severity: "error",
  object: 'table api."Nötes"',
  message: "has no row level security",
  fix: 'alter table api."Nötes" enable row level security;',
  location: { file: "migrations/0001_my nötes#1.sql", line: 6, column: 3, text: "  create table" },
};
const NOWHERE: AuditFinding = { ...LOCATED, rule: "comment-missing", severity: "info", fix: null, location: null };
const STALE: AuditFinding = { ...NOWHERE, rule: "baseline-stale", severity: "warning" };

function logOf(findings: readonly AuditFinding[], folder = ""): unknown {
  const result = { command: "audit", findings } as unknown as AuditResult;
  return JSON.parse(auditSarif(result, { rules: auditRules().rules, toolVersion: "0.1.0", folder }));
}

test("the log is valid SARIF 2.1.0, with findings and without", () => {
  expect([isValid(logOf([LOCATED, NOWHERE, STALE])), isValid.errors]).toEqual([true, null]);
  expect([isValid(logOf([])), isValid.errors]).toEqual([true, null]);
});

test("what is not SARIF would be noticed", () => {
  const log = logOf([LOCATED]) as { runs: { results: { level: string }[] }[] };
  for (const result of log.runs[0]?.results ?? []) result.level = "info";
  expect(isValid(log)).toBe(false);
});

test("a finding names its rule, its level, its place in the repository and its object", () => {
  expect(logOf([LOCATED], "services/db")).toMatchObject({
    runs: [
      {
        results: [
          {
            ruleId: "rls-disabled",
            level: "error",
            message: {
              text: 'table api."Nötes" has no row level security\nalter table api."Nötes" enable row level security;',
            },
            locations: [
              {
                physicalLocation: {
                  artifactLocation: { uri: "services/db/migrations/0001_my%20n%C3%B6tes%231.sql" },
                  region: { startLine: 6, startColumn: 3 },
                },
                logicalLocations: [{ fullyQualifiedName: 'table api."Nötes"' }],
              },
            ],
          },
        ],
      },
    ],
  });
});

test("every result has a file, which GitHub insists on, and points at the description of its rule", () => {
  const log = logOf([NOWHERE, STALE]) as {
    runs: {
      tool: { driver: { rules: { id: string }[] } };
      results: { ruleId: string; ruleIndex: number; level: string; locations: unknown[] }[];
    }[];
  };
  const [run] = log.runs;
  expect(run?.results.map(({ ruleId, ruleIndex }) => run.tool.driver.rules[ruleIndex]?.id === ruleId)).toEqual([
    true,
    true,
  ]);
  expect(run?.results.map(({ level }) => level)).toEqual(["note", "warning"]);
  expect(run?.results[0]?.locations).toMatchObject([
    { physicalLocation: { artifactLocation: { uri: "tm-db.config.json" }, region: { startLine: 1 } } },
  ]);
});
