import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./rule-pages.ts";

/** What `expected.json` of a leak says of the tools, as far as the page tells it. */
interface Expected {
  readonly leak: string;
  readonly matrix: { readonly opened: readonly string[] } | { readonly refused: string } | Unseen;
  readonly mutation: { readonly survivors: readonly string[] } | Unseen;
  readonly audit: { readonly found: readonly string[] } | Unseen;
}

interface Unseen {
  readonly unseen: string;
}

/** docs/leaks.md: well-known mistakes, and which of the tools shows which of them. */
export function leaksPage(): string {
  const folder = join(repository(), "test/leaky");
  const names = readdirSync(folder).filter((name) => /^[a-z]/.test(name));
  const leaks = names.toSorted().map((name) => {
    const text = readFileSync(join(folder, name, "expected.json"), "utf8");
    return { name, ...(JSON.parse(text) as Expected) };
  });
  const count = (seen: (leak: Expected) => boolean): string => `${leaks.filter(seen).length} of ${leaks.length}`;
  return `# Leaks, and who shows them

Ways in which a database that looks protected is not, each small, in a folder of \`test/leaky/\` with its repair. A test exploits
every one with the plain SQL of a request, and then asks the three tools. None of them shows everything:

| tool | what it does | shows |
| --- | --- | --- |
| \`tm-db matrix\` | lets everybody try everything, and compares with the repaired database | ${count(({ matrix }) => !("unseen" in matrix))} |
| \`tm-db mutate\` | damages the repaired database, and asks whether the suite notices; this one does not | ${count(({ mutation }) => !("unseen" in mutation))} |
| \`tm-db audit\` | reads the catalog, without any people or rows | ${count(({ audit }) => !("unseen" in audit))} |

| leak | matrix | mutation | audit |
| --- | --- | --- | --- |
${leaks.map(row).join("\n")}

## What they do not see

${leaks.flatMap(reasons).join("\n")}
`;
}

function row({ name, leak, matrix, mutation, audit }: Expected & { readonly name: string }): string {
  const cells = [
    "opened" in matrix ? (matrix.opened[0] ?? "") : "refused" in matrix ? "refuses to become an owner" : "",
    "survivors" in mutation ? mutation.survivors.join(", ") : "",
    "found" in audit ? [...new Set(audit.found.map((line) => line.replace(/ .*$/, "")))].join(", ") : "",
  ];
  return `| \`${name}\`: ${leak} | ${cells.map((cell) => (cell === "" ? "no" : `\`${cell}\``)).join(" | ")} |`;
}

function reasons({ name, matrix, mutation, audit }: Expected & { readonly name: string }): string[] {
  const lines = Object.entries({ matrix, mutation, audit }).flatMap(([tool, seen]) =>
    "unseen" in seen ? [`  - ${tool}: ${seen.unseen}`] : [],
  );
  return lines.length === 0 ? [] : [`- \`${name}\``, ...lines];
}
