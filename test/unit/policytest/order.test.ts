import { expect, test } from "vitest";
import { namingFirst, shuffle } from "../../../src/policytest/order.ts";

const FILES = ["projects", "tasks and tasks_old", "old.tasks", "my_tasks", "täsks"].map((text) => ({ text }));

test("files that name what was saved come first, and keep their order", () => {
  const texts = (paths: string[]): string[] => namingFirst(FILES, paths).map(({ text }) => text);
  expect(texts(["policies/api/tasks.sql"])).toEqual([
    "tasks and tasks_old",
    "old.tasks",
    "projects",
    "my_tasks",
    "täsks",
  ]);
  expect(texts(["views/api/täsks.sql", "projects"])[0]).toBe("projects");
  expect(texts(["views/api/täsks.sql", "projects"])[1]).toBe("täsks");
  expect(texts(["a/t.sks.sql"])).toEqual(FILES.map(({ text }) => text));
  expect(texts([])).toEqual(FILES.map(({ text }) => text));
});

test("a seed decides an order, always the same one", () => {
  const items = Array.from({ length: 20 }, (_, index) => index);
  expect(shuffle(items, 7)).toEqual(shuffle(items, 7));
  expect(shuffle(items, 7)).not.toEqual(shuffle(items, 8));
  expect(shuffle(items, 7).toSorted((a, b) => a - b)).toEqual(items);
});
