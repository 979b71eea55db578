import type { SumResult } from "../core/command-result.ts";

/** What `tm-db sum` wrote, file by file. */
export function sumLines({ path, added, changed, removed }: SumResult): string[] {
  const words = (what: string) => (name: string) => `  ${what}  ${name}`;
  return [
    ...added.map(words("added  ")),
    ...changed.map(words("changed")),
    ...removed.map(words("removed")),
    added.length + changed.length + removed.length === 0 ? `${path} says what is there` : path,
  ];
}
