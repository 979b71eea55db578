import type { AuditFinding, AuditRuleText, AuditSeverity } from "../core/audit.ts";
import type { AuditResult } from "../core/command-result.ts";
import type { SourceLocation } from "../core/errors.ts";
import { visibleJson } from "./visible.ts";

/** What SARIF needs besides the findings. */
export interface SarifContext {
  /** Every rule, for the page that a viewer shows beside a finding. */
  readonly rules: readonly AuditRuleText[];
  readonly toolVersion: string;
  /** The project's folder in its repository; empty where it is the repository's own. */
  readonly folder: string;
}

const LEVELS: Readonly<Record<AuditSeverity, "error" | "warning" | "note">> = {
  error: "error",
  warning: "warning",
  info: "note",
};

/** GitHub refuses a result without a file. What no file declares is shown at the settings, which say what was audited. */
const NOWHERE: Pick<SourceLocation, "file" | "line" | "column"> = { file: "tm-db.config.json", line: 1, column: 1 };

/**
 * Findings as SARIF 2.1.0, as GitHub's code scanning reads it.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 * https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
 */
export function auditSarif({ findings }: AuditResult, { rules, toolVersion, folder }: SarifContext): string {
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "tm-db audit", semanticVersion: toolVersion, rules: rules.map(descriptor) } },
        // As `SourceLocation` counts them.
        columnKind: "unicodeCodePoints",
        results: findings.map((finding) => result(finding, { rules, folder })),
      },
    ],
  };
  return `${visibleJson(log, 2)}\n`;
}

function descriptor({ id, title, severity, text }: AuditRuleText): object {
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: title },
    help: { text, markdown: text },
    defaultConfiguration: { level: LEVELS[severity] },
  };
}

function result(finding: AuditFinding, { rules, folder }: Pick<SarifContext, "rules" | "folder">): object {
  const { rule, severity, object, message, fix, location } = finding;
  const { file, line, column } = location ?? NOWHERE;
  const path = folder === "" ? file : `${folder}/${file}`;
  return {
    ruleId: rule,
    ruleIndex: rules.findIndex(({ id }) => id === rule),
    level: LEVELS[severity],
    message: { text: [`${object} ${message}`, fix].filter((part) => part !== null).join("\n") },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodePath(path), uriBaseId: "%SRCROOT%" },
          region: { startLine: line, startColumn: column },
        },
        logicalLocations: [{ fullyQualifiedName: object }],
      },
    ],
    // The same finding in the next run, wherever its line has moved.
    partialFingerprints: { "ruleAndObject/v1": `${rule} ${object}` },
  };
}

function encodePath(path: string): string {
  return path.replaceAll("\\", "/").split("/").map(encodeURIComponent).join("/");
}
