import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AUDIT_SEVERITIES } from "../../src/core/audit.ts";
import { AUDIT_RULES, type AuditRule } from "../../src/audit/rules.ts";

/** The pages of the audit's rules by path: each is its rule.md, with the SQL of its tests as the example; and their index. */
export function rulePages(): Readonly<Record<string, string>> {
  const pages = AUDIT_RULES.map((rule) => [`docs/rules/${rule.id}.md`, rulePage(rule)] as const);
  return { ...Object.fromEntries(pages), "docs/rules/README.md": indexPage() };
}

const LAST_SECTION = "## False positives";

function rulePage({ id, title, severity, text }: AuditRule): string {
  return [
    `# ${id}`,
    "",
    `${title}. Severity: ${severity}.`,
    "",
    text.replace(LAST_SECTION, `${example(id)}\n${LAST_SECTION}`).trimEnd(),
    "",
  ].join("\n");
}

function example(id: string): string {
  const fires = readExample(id, "fires");
  const finds = [...fires.matchAll(/^-- finds: (.+)$/gm)].map(([, object = ""]) => `\`${object}\``);
  const sql = fires.replaceAll(/^-- finds: .+\n/gm, "").trimEnd();
  return [
    "## Example",
    "",
    `Here it finds ${finds.join(", ")}:`,
    "",
    "```sql",
    sql,
    "```",
    "",
    "And after this, nothing:",
    "",
    "```sql",
    readExample(id, "fixed").trimEnd(),
    "```",
    "",
  ].join("\n");
}

function indexPage(): string {
  const tables = AUDIT_SEVERITIES.flatMap((severity) => [
    `## ${severity.charAt(0).toUpperCase()}${severity.slice(1)}`,
    "",
    "| rule | finds |",
    "| --- | --- |",
    ...AUDIT_RULES.filter((rule) => rule.severity === severity).map(
      ({ id, title }) => `| [${id}](${id}.md) | ${title} |`,
    ),
    "",
  ]);
  return [
    "# Rules of the audit",
    "",
    "These pages are made of `src/audit/rules/` and of the rules' tests: `npm run docs`. How to run them is in",
    "[audit.md](../audit.md).",
    "",
    ...tables,
  ].join("\n");
}

function readExample(id: string, name: "fires" | "fixed"): string {
  return readFileSync(join(repository(), "test/rules", id, `${name}.sql`), "utf8");
}

/** Upwards from this module, which may have been bundled to somewhere below. */
function repository(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    if (existsSync(join(dir, "test/rules"))) return dir;
    if (dir === dirname(dir)) throw new Error("test/rules is not there");
  }
}
