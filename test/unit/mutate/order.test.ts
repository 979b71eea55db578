import { expect, test } from "vitest";
import { History } from "../../../src/mutate/order.ts";

const file = (path: string, ms: number, ...tables: string[]) => ({ path, ms, tables: new Set(tables) });
const files = [file("slow.sql", 100), file("quick.sql", 10), file("notes.sql", 30, "1")];
const damage = { subject: "policy p", operator: "drop-policy" };
const paths = (history: History, given: { subject?: string; operator?: string; table?: string } = {}): string[] =>
  history.order(files, { ...damage, ...given }).map(({ path }) => path);

test("at first what reaches the table, and what takes least time", () => {
  const history = new History();
  expect(paths(history)).toEqual(["quick.sql", "notes.sql", "slow.sql"]);
  expect(paths(history, { table: "1" })[0]).toBe("quick.sql");
  const alike = [file("other.sql", 20), file("notes.sql", 30, "1")];
  expect(history.order(alike, { ...damage, table: "1" }).map(({ path }) => path)).toEqual(["notes.sql", "other.sql"]);
});

test("then what noticed a damage of the same object, or one of the same kind", () => {
  const history = new History();
  for (const path of ["quick.sql", "notes.sql"]) history.add(damage, path, { noticed: false });
  history.add(damage, "slow.sql", { noticed: true });
  expect(paths(history)[0]).toBe("slow.sql");
  expect(paths(history, { subject: "policy q" })[0]).toBe("slow.sql");
  expect(paths(history, { subject: "policy q", operator: "open-policy" })[0]).not.toBe("notes.sql");
});

test("what noticed nothing, time after time, comes later than what was not tried", () => {
  const history = new History();
  for (let count = 0; count < 20; count += 1) history.add(damage, "quick.sql", { noticed: false });
  expect(paths(history)).toEqual(["notes.sql", "slow.sql", "quick.sql"]);
});

test("time counts: a slow file that notices as often as a quick one comes after it", () => {
  const history = new History();
  for (const path of ["slow.sql", "quick.sql"]) history.add(damage, path, { noticed: true });
  expect(paths(history)).toEqual(["quick.sql", "slow.sql", "notes.sql"]);
});
