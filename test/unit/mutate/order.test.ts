import { expect, test } from "vitest";
import { History } from "../../../src/mutate/order.ts";

const file = (path: string, ms: number, ...tables: string[]) => ({ path, ms, tables: new Set(tables) });
const files = [file("slow.sql", 100), file("quick.sql", 10), file("notes.sql", 50, "1")];
const paths = (history: History, table?: string): string[] =>
  history.order(files, { subject: "policy p", table }).map(({ path }) => path);

test("first what noticed a damage of the same object, then what reaches its table, then what notices most in least time", () => {
  const history = new History();
  expect(paths(history)).toEqual(["quick.sql", "notes.sql", "slow.sql"]);
  expect(paths(history, "1")).toEqual(["notes.sql", "quick.sql", "slow.sql"]);
  history.add("policy p", "slow.sql");
  expect(paths(history, "1")).toEqual(["slow.sql", "notes.sql", "quick.sql"]);
  expect(history.order(files, { subject: "another" }).map(({ path }) => path)).toEqual([
    "quick.sql",
    "slow.sql",
    "notes.sql",
  ]);
});
