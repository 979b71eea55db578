import { Faker, base, en } from "@faker-js/faker";
import { beforeAll, describe, expect, test } from "vitest";
import { birthOf, CALLERS, makeTeams } from "../../../seeds/_teams.ts";
import { seed } from "../../../seeds/staging.ts";

const SCALE = 0.2;
const DATE = new Date("2026-01-01T00:00:00Z");
/** What these tests look at is text and numbers. */
type Row = readonly (string | number | null)[];
type Rows = Readonly<Record<"users" | "projects" | "project_members" | "tasks" | "comments", readonly Row[]>>;

async function rowsOf(seedValue: number, scale = SCALE): Promise<Rows> {
  const faker = new Faker({ locale: [en, base], seed: seedValue });
  const data = await seed({ scale, seedValue, date: DATE, faker, firstId: () => Promise.resolve(1) });
  const entries = data.tables.map(({ table, rows, count }): [string, Row[]] => {
    const all = [...(rows as Iterable<Row>)];
    expect(all, table).toHaveLength(count ?? -1);
    return [table.split(".")[1] ?? "", all];
  });
  return Object.fromEntries(entries) as Record<keyof Rows, Row[]>;
}

/** How often each value stands in a column, the most frequent first. */
function frequencies(rows: readonly Row[], column: number): number[] {
  const counts = new Map<unknown, number>();
  for (const row of rows) counts.set(row[column], (counts.get(row[column]) ?? 0) + 1);
  return [...counts.values()].toSorted((a, b) => b - a);
}

describe("the staging data", () => {
  let rows: Rows;
  beforeAll(async () => {
    rows = await rowsOf(1);
  });

  test("is the same for the same seed value, and other for another", async () => {
    expect(await rowsOf(1, 0.02)).toEqual(await rowsOf(1, 0.02));
    expect((await rowsOf(2, 0.02)).tasks[0]).not.toEqual((await rowsOf(1, 0.02)).tasks[0]);
  });

  test("has a few huge projects and many small ones", () => {
    const sizes = frequencies(rows.tasks, 5);
    expect(sizes[0]).toBeGreaterThan(rows.tasks.length / 25);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThan(rows.tasks.length / rows.projects.length / 2);
    expect(sizes.length).toBeLessThan(rows.projects.length);
  });

  test("has people in no project, in one, in ten and in nearly all", () => {
    const memberships = (user: number): number => rows.project_members.filter(([, id]) => id === user).length;
    expect([1, 2, 3].map(memberships)).toEqual([0, 1, 10]);
    expect(memberships(4)).toBe(rows.projects.length - 11);
    expect(rows.tasks.filter(([, , , , , project]) => project === 1)).toHaveLength(3);
    const joined = new Set(rows.project_members.map(([, id]) => id));
    expect(rows.users.filter(([id]) => !joined.has(id)).length).toBeGreaterThan(rows.users.length / 11);
  });

  test("lets only members write, and only those who may", () => {
    const roles = new Map(rows.project_members.map(([project, user, role]) => [`${project} ${user}`, role]));
    expect(roles.size).toBe(rows.project_members.length);
    for (const [, , , , , project, assignee, author] of rows.tasks) {
      expect(roles.get(`${project} ${author}`)).toMatch(/admin|contributor/);
      if (assignee !== null) expect(roles.has(`${project} ${assignee}`)).toBe(true);
    }
    const projectOf = new Map(rows.tasks.map(([id, , , , , project]) => [id, project]));
    for (const [, , task, project, author] of rows.comments) {
      expect(projectOf.get(task)).toBe(project);
      expect(roles.get(`${project} ${author}`)).toMatch(/admin|contributor/);
    }
    for (const [project, , , owner] of rows.projects) expect(roles.get(`${project} ${owner}`)).toBe("admin");
  });

  test("has nothing before its project, nothing after its day, and more and more as time goes on", () => {
    const born = new Map(rows.projects.map(([id, , , , created]) => [id, String(created)]));
    const days = rows.tasks.map((task) => String(task[9]));
    for (const task of rows.tasks) {
      expect(String(task[9]) >= (born.get(task[5]) ?? "")).toBe(true);
      expect(String(task[10]) >= String(task[9]) && String(task[10]) <= DATE.toISOString()).toBe(true);
    }
    expect(days).toEqual(days.toSorted());
    expect(days.filter((day) => day >= "2025-01-01").length).toBeGreaterThan(days.length * 0.7);
  });

  test("has common words and rare ones, and comments dealt out unevenly", () => {
    const words = frequencies(
      rows.tasks.flatMap(([, , text]) =>
        (typeof text === "string" ? (text.toLowerCase().match(/[a-z]+/g) ?? []) : []).map((word) => [word]),
      ),
      0,
    );
    expect(words[0]).toBeGreaterThan(rows.tasks.length / 10);
    expect(words.filter((count) => count < rows.tasks.length / 200).length).toBeGreaterThan(words.length / 2);
    const perTask = frequencies(rows.comments, 2);
    expect(perTask[0]).toBeGreaterThan(20);
    expect(perTask.length).toBeLessThan(rows.tasks.length * 0.7);
  });
});

test("a project is there before it gets tasks, at every size", () => {
  for (const projects of [20, 300, 1000]) {
    const teams = makeTeams({ users: projects, projects, tasks: 0, comments: 0 }, 7);
    for (let at = 0; at <= 1000; at += 1) {
      const project = teams.projectAt(at / 1000, (at * 0.618034) % 1);
      expect(birthOf(project, projects)).toBeLessThanOrEqual(at / 1000);
      expect(project).toBeGreaterThan(0);
    }
    expect(teams.size(0)).toBeGreaterThan(1);
  }
  expect(CALLERS).toHaveLength(4);
});

test("a scale that it is not made for is refused", async () => {
  await expect(rowsOf(1, 0.01)).rejects.toThrow("--scale must be from 0.02 to 100");
});
