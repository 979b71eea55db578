import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./rule-pages.ts";

/** The decisions by their numbers, in the words of their titles. */
export function adrPage(): string {
  const folder = join(repository(), "docs/adr");
  const files = readdirSync(folder).filter((name) => /^\d{4}-.*\.md$/.test(name));
  const rows = files.toSorted().map((name) => {
    const [, number = "", title = ""] = /^# (\d{4}): (.+)$/m.exec(readFileSync(join(folder, name), "utf8")) ?? [];
    return `| [${number}](${name}) | ${title} |`;
  });
  return [
    "# Decisions",
    "",
    "This page is generated from the titles of its neighbours: `npm run docs`. Numbers that are missing are not in use.",
    "",
    "| number | decision |",
    "| --- | --- |",
    ...rows,
    "",
  ].join("\n");
}
