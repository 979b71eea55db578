import type { Finding } from "../core/finding.ts";

/**
 * Findings as workflow commands of GitHub Actions, which shows them at their lines. The escapes are those of
 * actions/toolkit, `packages/core/src/command.ts`. Without a finding nothing is printed. `folder` is the project's in
 * its repository, empty where it is the repository's own: GitHub counts paths from there.
 */
export function githubAnnotations(findings: readonly Finding[], folder: string): string {
  return findings
    .map(({ rule, severity, message, help, url, location, sql }) => {
      const text = [message, sql, help, url].filter((line) => typeof line === "string").join("\n");
      const properties = [
        `file=${escapeProperty(folder === "" ? location.file : `${folder}/${location.file}`)}`,
        `line=${location.line}`,
        `col=${location.column}`,
        `title=${escapeProperty(rule)}`,
      ];
      return `::${severity} ${properties.join(",")}::${escapeData(text)}\n`;
    })
    .join("");
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
