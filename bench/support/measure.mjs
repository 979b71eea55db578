// Times in milliseconds, and tables of them.
import { cpus, totalmem } from "node:os";

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export async function time(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * Median time of each of several pieces of work, taken in turns so that whatever else the machine does falls on all of
 * them. Each first runs once unmeasured.
 */
export async function alternate(works, rounds) {
  const taken = works.map(() => []);
  for (const work of works) await work();
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, work] of works.entries()) taken[at].push(await time(work));
  }
  return taken.map(median);
}

/** Median time of one piece of work; what takes long is repeated less often. */
export async function medianTime(work, { rounds = 15, budget = 1500 } = {}) {
  await work();
  const taken = [];
  let spent = 0;
  while (taken.length < rounds && (spent < budget || taken.length < 3)) {
    const ms = await time(work);
    taken.push(ms);
    spent += ms;
  }
  return median(taken);
}

export function ms(value) {
  if (value === undefined) return "";
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

export function ratio(value) {
  return `${value.toFixed(2)}×`;
}

/** A table as docs/benchmarks.md shows it. */
export function printTable(head, rows) {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(" | ")} |`;
  console.log(line(all[0]));
  console.log(
    `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`,
  );
  for (const row of all.slice(1)) console.log(line(row));
  console.log();
}

export function printHead(title, version) {
  const memory = Math.round(totalmem() / 2 ** 30);
  const model = cpus()[0]?.model.replaceAll(/\s+/g, " ").trim() ?? "unknown processor";
  console.log(`# ${title}\n`);
  console.log(
    `${version === undefined ? "" : `PostgreSQL ${version}, `}Node.js ${process.version}, ${cpus().length} × ${model}, ${memory} GB\n`,
  );
}
