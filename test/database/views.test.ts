import { describe, expect, test } from "vitest";
import { PERSONAS, useCast } from "../support/cast.ts";
import { rowOf, rowsOf, verdict } from "../support/outcome.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const cast = useCast(db);

const VIEWS = [
  { view: "user_profiles", table: "users", key: "id" },
  { view: "project_details", table: "projects", key: "id" },
  { view: "task_details", table: "tasks", key: "id" },
] as const;
const LIVING = PERSONAS.filter((name) => name !== "anonymous" && name !== "deleted" && name !== "revoked");

async function keys(name: (typeof PERSONAS)[number], relation: string, key: string): Promise<unknown[]> {
  const rows = rowsOf(await db.attempt(cast().personas[name]).get(relation, {}, key));
  return rows.map((row) => row[key]).toSorted((a, b) => Number(a) - Number(b));
}

describe("rows", () => {
  test.each(VIEWS)(
    "defect 10: $view shows each caller the rows of $table that they see there",
    async ({ view, table, key }) => {
      const counts = new Set<number>();
      for (const name of LIVING) {
        const seen = await keys(name, view, key);
        expect(seen, name).toEqual(await keys(name, table, key));
        counts.add(seen.length);
      }
      // Nothing would be proved if everybody saw the same number of rows.
      expect(counts.size).toBeGreaterThan(2);
    },
  );

  test.each(["project_stats", "project_activity"])("%s shows members their projects only", async (view) => {
    await db.rows("refresh materialized view stats.project_activity");
    const { project, foreign } = cast();
    for (const name of ["owner", "viewer", "author"] as const) {
      const seen = await keys(name, view, "project_id");
      expect(seen).toContain(project);
      expect(seen).not.toContain(foreign.project);
    }
    expect(await keys("outsider", view, "project_id")).toContain(foreign.project);
    for (const name of ["stranger", "without claim", "word as claim", "huge claim", "empty claim"] as const) {
      expect(await keys(name, view, "project_id"), name).toEqual([]);
    }
  });

  test.each(["user_profiles", "project_details", "task_details", "project_stats", "project_activity"])(
    "nobody reads %s without a token, or with one that died",
    async (view) => {
      expect(verdict(await db.attempt(cast().personas.anonymous).get(view))).toBe("no privilege");
      expect(verdict(await db.attempt(cast().personas.deleted).get(view))).toBe(401);
      expect(verdict(await db.attempt(cast().personas.revoked).get(view))).toBe(401);
      expect(verdict(await db.attempt(cast().users.owner).get(view))).not.toBe("no privilege");
    },
  );

  test.each(["user_profiles", "project_details", "task_details", "project_stats", "project_activity"])(
    "nobody writes through %s",
    async (view) => {
      for (const name of ["anonymous", "owner"] as const) {
        const persona = cast().personas[name];
        const privileges = await db.value<boolean>(
          "select has_table_privilege($1, $2, 'insert') or has_table_privilege($1, $2, 'update') or has_table_privilege($1, $2, 'delete')",
          [persona.role, `api.${view}`],
        );
        expect(privileges).toBe(false);
      }
    },
  );
});

describe("user_profiles", () => {
  test("shows the caller's own e-mail address and nobody else's", async () => {
    const { users } = cast();
    const rows = rowsOf(await db.attempt(users.viewer).get("user_profiles"));
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows)
      expect(row["email"], String(row["name"])).toBe(row["id"] === users.viewer.id ? users.viewer.email : null);
  });

  test("shows a stranger themself", async () => {
    const { users } = cast();
    expect(rowsOf(await db.attempt(users.stranger).get("user_profiles"))).toMatchObject([
      { id: users.stranger.id, email: users.stranger.email },
    ]);
  });
});

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

  test("defect 11: a name that may not be seen is null, and the row stays", async () => {
    const { users } = cast();
    const [leaver, gone] = Object.values(await db.users("leaver", "gone"));
    if (leaver === undefined || gone === undefined) throw new Error("no users");
    const project = await db.project(
      users.admin,
      { contributor: [leaver, gone], viewer: [users.stranger] },
      { name: "Left" },
    );
    const left = await db.task(project, { created_by: leaver.id });
    const orphan = await db.task(project, { created_by: gone.id });
    await db.rows("delete from api.project_members where project_id = $1 and user_id = $2", [project, leaver.id]);
    await db.rows("delete from api.users where id = $1", [gone.id]);
    const requests = db.attempt(users.stranger);
    expect(rowOf(await requests.get("task_details", { id: left }))).toMatchObject({ id: left, creator_name: null });
    expect(rowOf(await requests.get("task_details", { id: orphan }))).toMatchObject({
      id: orphan,
      creator_name: null,
      created_by: null,
    });
    expect(rowOf(await requests.get("project_details", { id: project }))).toMatchObject({
      id: project,
      owner_name: "admin",
    });
  });
});

describe("members", () => {
  test("defect 24: everybody in a project sees who else is, by name and role", async () => {
    const { users, project } = cast();
    const outcome = await db
      .attempt(users.viewer)
      .sql(
        "GET",
        `select u.name, m.role from api.project_members as m join api.users as u on u.id = m.user_id where m.project_id = $1`,
        [project],
      );
    expect(rowsOf(outcome)).toEqual(
      expect.arrayContaining([
        { name: "owner", role: "admin" },
        { name: "admin", role: "admin" },
        { name: "author", role: "contributor" },
        { name: "viewer", role: "viewer" },
      ]),
    );
  });
});
