import type { SourceLocation } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import { printable } from "./visible.ts";

/** What GitHub shows of something, at a line or, where it has none, of the run. */
export interface Annotation {
  readonly level: "error" | "warning" | "notice";
  readonly title: string;
  readonly text: string;
  readonly location: SourceLocation | null;
}

/**
 * Workflow commands of GitHub Actions, a line each, in which nothing else is obeyed. The escapes are those of actions/toolkit,
 * `packages/core/src/command.ts`. `folder` is the project's in its repository, empty where it is the repository's own:
 * GitHub counts paths from there.
 */
export function githubCommands(annotations: readonly Annotation[], folder: string): string {
  return annotations
    .map(({ level, title, text, location }) => {
      const place =
        location === null
          ? []
          : [
              `file=${escapeProperty(folder === "" ? location.file : `${folder}/${location.file}`)}`,
              `line=${location.line}`,
              `col=${location.column}`,
            ];
      return `::${level} ${[...place, `title=${escapeProperty(title)}`].join(",")}::${escapeData(text)}\n`;
    })
    .join("");
}

/** Findings of lint as annotations. Without a finding nothing is printed. */
export function githubAnnotations(findings: readonly Finding[], folder: string): string {
  const annotations = findings.map(({ rule, severity, message, help, url, location, sql }) => ({
    level: severity,
    title: rule,
    text: [message, sql, help, url].filter((line) => typeof line === "string").join("\n"),
    location,
  }));
  return githubCommands(annotations, folder);
}

function escapeData(text: string): string {
  return printable(text, { hasColour: false }).replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
