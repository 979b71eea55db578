import { describe, expect, test } from "vitest";
import { useCast } from "../support/cast.ts";
import { rowOf, rowsOf } from "../support/outcome.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const cast = useCast(db);

describe("project_details", () => {
  test("names the owner and counts the tasks", async () => {
    const { users } = cast();
    const project = await db.project(
      users.owner,
      { viewer: [users.viewer] },
      { name: "Counted", description: "Two of three" },
    );
    await db.rows(
      `insert into api.tasks (title, project_id, created_by, status)
       select 'Task', $1, $2, status from unnest('{completed,completed,pending}'::text[]) as status`,
      [project, users.owner.id],
    );
    expect(rowOf(await db.attempt(users.viewer).get("project_details", { id: project }))).toMatchObject({
      name: "Counted",
      description: "Two of three",
      owner_id: users.owner.id,
      owner_name: "owner",
      task_count: 3,
      completed_task_count: 2,
    });
  });
});

describe("task_details", () => {
  test("names project, creator and assignee, and counts comments", async () => {
    const { users, task } = cast();
    expect(rowOf(await db.attempt(users.viewer).get("task_details", { id: task }))).toMatchObject({
      title: "Guidance",
      status: "pending",
      project_name: "Apollo",
      creator_name: "author",
      assignee_name: "assignee",
      comment_count: 1,
    });
  });

  test("answers the article's request", async () => {
    const { users, project, task } = cast();
    const rows = rowsOf(await db.attempt(users.viewer).get("task_details", { project_id: project, status: "pending" }));
    expect(rows.map((row) => row["id"])).toContain(task);
  });

  test("defect 61: it has every column of a task but search_vector", async () => {
    const columns = async (relation: string): Promise<string[]> =>
      (
        await db.rows<{ name: string }>(
          "select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped",
          [relation],
        )
      ).map(({ name }) => name);
    const view = await columns("api.task_details");
    expect(view).toEqual(
      expect.arrayContaining((await columns("api.tasks")).filter((name) => name !== "search_vector")),
    );
    expect(view).toEqual(
      expect.arrayContaining(["metadata", "project_name", "creator_name", "assignee_name", "comment_count"]),
    );
    expect(view).not.toContain("search_vector");
  });

  test("defect 62: no row of it or of a function carries the search vector", async () => {
    const { users, task } = cast();
    const requests = db.attempt(users.author);
    const rows = [
      rowOf(await requests.get("task_details", { id: task })),
      ...rowsOf(await requests.rpc("search_tasks", { search_query: "guidance" })),
    ];
    for (const row of rows) expect(row).not.toHaveProperty("search_vector");
  });
});
