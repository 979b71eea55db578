import type { Matrix } from "./matrix.ts";

/** Names of the files that hold a matrix, in the folder of the policy tests. */
export const MATRIX_JSON = "access.matrix.json";
export const MATRIX_MARKDOWN = "access.matrix.md";

const FORMAT = 1;

/** A matrix as a file: one line for each persona, relation, function and cell, so that a change is a line in a diff. */
export function matrixJson(matrix: Matrix): string {
  const { personas, people, relations, functions, cells } = matrix;
  const list = (name: string, items: readonly unknown[]): string =>
    `  "${name}": [${items.map((item) => `\n    ${JSON.stringify(item)}`).join(",")}${items.length === 0 ? "" : "\n  "}]`;
  const parts = [
    `  "format": ${FORMAT}`,
    list("personas", personas),
    `  "people": ${JSON.stringify(people)}`,
    list("relations", relations),
    list("functions", functions),
    list("cells", cells),
  ];
  return `{\n${parts.join(",\n")}\n}\n`;
}

/** What such a file holds; undefined for one that is none, or of another version of tm-db. */
export function parseMatrix(text: string): Matrix | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isMatrix(value) ? value : undefined;
}

function isMatrix(value: unknown): value is Matrix {
  if (typeof value !== "object" || value === null) return false;
  const { format, personas, relations, functions, cells } = value as Record<string, unknown>;
  if (format !== FORMAT || ![personas, relations, functions, cells].every(Array.isArray)) return false;
  return (cells as unknown[]).every(
    (cell) => typeof cell === "object" && cell !== null && "ended" in cell && typeof cell.ended === "object",
  );
}
