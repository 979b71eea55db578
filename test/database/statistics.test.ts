import { describe, expect, test } from "vitest";
import { blockedOrDone } from "../support/concurrency.ts";
import { rowOf, verdict } from "../support/outcome.ts";
import { type User, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();

interface Figures {
  readonly total_tasks: number;
  readonly completed_tasks: number;
  readonly member_count: number;
}

async function figures(project: number): Promise<Figures | undefined> {
  const [row] = await db.rows<Figures & Record<string, unknown>>(
    "select total_tasks, completed_tasks, member_count from api.project_stats where project_id = $1",
    [project],
  );
  return row;
}

/** As the owner sees them, and as a recount from the tables says. */
async function expectExact(...projects: number[]): Promise<void> {
  const exact = await db.rows(
    `select
       p.id as project_id,
       p.name,
       (select count(*) from api.tasks as t where t.project_id = p.id) as total_tasks,
       (select count(*) from api.tasks as t where t.project_id = p.id and t.status = 'completed') as completed_tasks,
       (select count(*) from api.project_members as m where m.project_id = p.id) as member_count
     from api.projects as p
     where p.id = any ($1)
     order by p.id`,
    [projects],
  );
  const kept = await db.rows(
    `select project_id, name, total_tasks, completed_tasks, member_count
     from api.project_stats where project_id = any ($1) order by project_id`,
    [projects],
  );
  expect(kept).toEqual(exact);
}

async function team(): Promise<{ owner: User; helper: User; project: number; other: number }> {
  const { owner, helper } = await db.users("owner", "helper");
  const project = await db.project(owner, { contributor: [helper] });
  return { owner, helper, project, other: await db.project(owner) };
}

describe("after the write that changes them, the figures of a project are exact:", () => {
  test("none for a new project, but its owner", async () => {
    const { other } = await team();
    expect(await figures(other)).toEqual({ total_tasks: 0, completed_tasks: 0, member_count: 1 });
  });

  test("defect 04: a task made, moved between all statuses, and deleted", async () => {
    const { owner, project, other } = await team();
    const id = Number(rowOf(await db.as(owner).post("tasks", { title: "A", project_id: project }, "id"))["id"]);
    expect(await figures(project)).toMatchObject({ total_tasks: 1, completed_tasks: 0 });
    for (const status of ["completed", "cancelled", "in_progress", "completed", "completed", "pending", "completed"]) {
      await db.as(owner).patch("tasks", { id }, { status });
      expect(await figures(project)).toMatchObject({ total_tasks: 1, completed_tasks: status === "completed" ? 1 : 0 });
    }
    await db.as(owner).delete("tasks", { id });
    expect(await figures(project)).toMatchObject({ total_tasks: 0, completed_tasks: 0 });
    await expectExact(project, other);
  });

  test("many tasks of many projects in one statement", async () => {
    const { project, other } = await team();
    const made =
      "insert into api.tasks (title, project_id, status) select 'T' || n, p, s from generate_series(1, 50) as n, unnest($1::bigint[]) as p, unnest('{pending,completed}'::text[]) as s";
    await db.rows(made, [[project, other]]);
    expect(await figures(project)).toMatchObject({ total_tasks: 100, completed_tasks: 50 });
    await db.rows(
      "update api.tasks set status = case status when 'completed' then 'pending' else 'completed' end where id % 3 = 0 and project_id = any ($1)",
      [[project, other]],
    );
    await expectExact(project, other);
    await db.rows("delete from api.tasks where id % 2 = 0 and project_id = any ($1)", [[project, other]]);
    await expectExact(project, other);
  });

  test("tasks that the owner moves from one project to the other", async () => {
    const { project, other } = await team();
    for (const status of ["pending", "completed", "completed"]) await db.task(project, { status });
    await db.rows("update api.tasks set project_id = $2 where project_id = $1", [project, other]);
    expect(await figures(project)).toMatchObject({ total_tasks: 0, completed_tasks: 0 });
    expect(await figures(other)).toMatchObject({ total_tasks: 3, completed_tasks: 2 });
  });

  test("insert … on conflict, merge and a writing CTE", async () => {
    const { project, other } = await team();
    const id = await db.task(project, { status: "pending" });
    await db.rows(
      `with gone as (delete from api.tasks where id = $1 returning title)
       insert into api.tasks (title, project_id, status) select title, $2, 'completed' from gone`,
      [id, other],
    );
    await db.rows(
      `merge into api.tasks as t using (values ($1::bigint, 'A'), ($1, 'B')) as s (project, title) on t.project_id = s.project and t.title = s.title
       when matched then update set status = 'cancelled'
       when not matched then insert (title, project_id, status) values (s.title, s.project, 'completed')`,
      [other],
    );
    await expectExact(project, other);
    expect(await figures(other)).toMatchObject({ total_tasks: 3, completed_tasks: 3 });
  });

  test("defect 50: members who come and go, projects that are renamed, made and deleted", async () => {
    const { owner, helper, project } = await team();
    expect(await figures(project)).toMatchObject({ member_count: 2 });
    await db.as(helper).delete("project_members", { project_id: project, user_id: helper.id });
    expect(await figures(project)).toMatchObject({ member_count: 1 });
    await db.as(owner).rpc("add_member", { project_id: project, email: helper.email, role: "viewer" });
    expect(await figures(project)).toMatchObject({ member_count: 2 });
    await db.as(owner).patch("projects", { id: project }, { name: "Renamed" });
    expect(rowOf(await db.attempt(owner).get("project_stats", { project_id: project }))).toMatchObject({
      name: "Renamed",
    });
    await db.rows("delete from api.users where id = $1", [helper.id]);
    await expectExact(project);
    await db.as(owner).delete("projects", { id: project });
    expect(await figures(project)).toBeUndefined();
    expect(await db.rows("select from api.project_stats where project_id = $1", [project])).toEqual([]);
  });

  test("the whole of a project with tasks, deleted beside one that stays", async () => {
    const { project, other } = await team();
    for (const target of [project, other])
      for (const status of ["pending", "completed"]) await db.task(target, { status });
    await db.rows("delete from api.projects where id = $1", [project]);
    await expectExact(project, other);
    expect(await figures(other)).toMatchObject({ total_tasks: 2, completed_tasks: 1 });
  });

  test("members whom the owner of the database moves from one project to the other", async () => {
    const { helper, project, other } = await team();
    await db.rows("update api.project_members set project_id = $2 where project_id = $1 and user_id = $3", [
      project,
      other,
      helper.id,
    ]);
    await expectExact(project, other);
  });

  test("tasks that were moved to another number and project at once", async () => {
    const { project, other } = await team();
    await db.task(project, { status: "completed" });
    await db.rows("update api.tasks set id = default, project_id = $2, status = 'pending' where project_id = $1", [
      project,
      other,
    ]);
    await expectExact(project, other);
  });

  test("a statement that is rolled back", async () => {
    const { owner, project } = await team();
    await db.attempt(owner).post("tasks", { title: "A", project_id: project });
    await expectExact(project);
  });

  test("truncate", async () => {
    const { project } = await team();
    await db.task(project, { status: "completed" });
    const client = await db.connect("owner");
    await client.query("begin");
    await client.query("truncate api.tasks cascade");
    const { rows } = await client.query(
      "select count(*) as stale from api.project_stats where total_tasks <> 0 or completed_tasks <> 0",
    );
    await client.query("rollback");
    expect(rows).toEqual([{ stale: 0 }]);
    await expectExact(project);
  });
});

describe("writers", () => {
  test("defect 48: writers in different projects do not wait for each other, nor do readers", async () => {
    const { owner, helper, project, other } = await team();
    const first = await db.connect("owner");
    const second = await db.connect("owner");
    await second.query("set lock_timeout = '500ms'");
    await first.query("begin");
    await first.query("insert into api.tasks (title, project_id, created_by) values ('A', $1, $2)", [
      project,
      owner.id,
    ]);
    await first.query("update api.project_members set role = 'admin' where project_id = $1 and user_id = $2", [
      project,
      helper.id,
    ]);
    await second.query("insert into api.tasks (title, project_id, created_by) values ('B', $1, $2)", [other, owner.id]);
    await second.query("insert into api.project_members (project_id, user_id, role) values ($1, $2, 'viewer')", [
      other,
      helper.id,
    ]);
    await second.query("update api.projects set name = 'Renamed' where id = $1", [other]);
    await second.query("select * from api.project_stats");
    await first.query("commit");
    await expectExact(project, other);
  });

  test("of one project lose no count to each other", async () => {
    const { project } = await team();
    const clients = await Promise.all([1, 2, 3, 4].map(() => db.connect("owner")));
    await Promise.all(
      clients.map(async (client, index) => {
        for (let round = 0; round < 15; round += 1) {
          await client.query("insert into api.tasks (title, project_id, status) values ('T', $1, $2)", [
            project,
            round % 2 === 0 ? "completed" : "pending",
          ]);
          if (round % 5 === index)
            await client.query(
              "delete from api.tasks where id = (select max(id) from api.tasks where project_id = $1)",
              [project],
            );
        }
      }),
    );
    await expectExact(project);
  });

  test("of several projects in one statement, in opposite orders, do not deadlock", async () => {
    const { project, other } = await team();
    const [one, two] = await Promise.all([db.connect("owner"), db.connect("owner")]);
    const insert = "insert into api.tasks (title, project_id) select 'T', p from unnest($1::bigint[]) as p";
    await Promise.all(
      [
        [one, [project, other]],
        [two, [other, project]],
      ].map(async ([client, projects]) => {
        for (let round = 0; round < 20; round += 1) await (client as typeof one).query(insert, [projects]);
      }),
    );
    await expectExact(project, other);
    expect(await figures(project)).toMatchObject({ total_tasks: 40 });
  });

  test("a member who goes while a task is made is counted once", async () => {
    const { helper, project } = await team();
    const [one, two] = await Promise.all([db.connect("owner"), db.connect("owner")]);
    await one.query("begin");
    await one.query("delete from api.project_members where project_id = $1 and user_id = $2", [project, helper.id]);
    const waiting = two.query("insert into api.tasks (title, project_id) values ('T', $1)", [project]);
    await blockedOrDone(db, two, waiting);
    await one.query("commit");
    await waiting;
    await expectExact(project);
  });

  test("defect 46: users write tasks although the figures belong to nobody they are", async () => {
    const { helper, project } = await team();
    const id = Number(rowOf(await db.as(helper).post("tasks", { title: "A", project_id: project }, "id"))["id"]);
    expect(verdict(await db.as(helper).patch("tasks", { id }, { status: "completed" }))).toBe("allowed");
    expect(verdict(await db.as(helper).delete("tasks", { id }))).toBe("allowed");
    await expectExact(project);
  });

  test("defect 52: a statement may read the figures that it changes", async () => {
    const { owner, project } = await team();
    const outcome = await db
      .as(owner)
      .sql(
        "POST",
        "insert into api.tasks (title, project_id) select 'Task ' || total_tasks, project_id from api.project_stats where project_id = $1 returning id",
        [project],
      );
    expect(verdict(outcome)).toBe("allowed");
    await expectExact(project);
  });
});

describe("refresh_project_stats", () => {
  test("reports and mends the rows that are wrong", async () => {
    const { project, other } = await team();
    await db.task(project, { status: "completed" });
    const wrong = async (): Promise<unknown> => await db.value("select api.refresh_project_stats()");
    await wrong();
    expect(Number(await wrong())).toBe(0);
    const table = await db.value<string>(
      `select format('%I.%I', n.nspname, c.relname) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
       join pg_attribute as a on a.attrelid = c.oid and a.attname = 'completed_tasks'
       where n.nspname = 'stats' and c.relkind = 'r'`,
    );
    await db.rows(`update ${table} set completed_tasks = completed_tasks + 7 where project_id = any ($1)`, [
      [project, other],
    ]);
    expect(Number(await wrong())).toBe(2);
    await expectExact(project, other);
    await db.rows(`delete from ${table} where project_id = $1`, [project]);
    expect(Number(await wrong())).toBe(1);
    await expectExact(project, other);
  });

  test("waits for writers that are under way, and finds nothing wrong with them", async () => {
    const { project } = await team();
    const [writer, mender] = await Promise.all([db.connect("owner"), db.connect("owner")]);
    await mender.query("select api.refresh_project_stats()");
    await writer.query("begin");
    await writer.query("insert into api.tasks (title, project_id, status) values ('T', $1, 'completed')", [project]);
    const refresh = mender.query<{ wrong: number }>("select api.refresh_project_stats() as wrong");
    await blockedOrDone(db, mender, refresh);
    await writer.query("commit");
    expect((await refresh).rows).toEqual([{ wrong: 0 }]);
    await expectExact(project);
  });
});

describe("project_activity", () => {
  test("defect 49: refreshes concurrently, and counts what was made and completed in a week", async () => {
    const { owner, project } = await team();
    for (const status of ["pending", "completed", "completed"])
      await db.task(project, { status, created_by: owner.id });
    await db.rows("refresh materialized view concurrently stats.project_activity");
    const row = rowOf(await db.attempt(owner).get("project_activity", { project_id: project }));
    const counts = Object.entries(row).filter(([name]) => /created|completed/.test(name));
    expect(Object.fromEntries(counts)).toEqual(expect.objectContaining({}));
    expect(counts.map(([, count]) => count)).toEqual(expect.arrayContaining([3, 2]));
  });

  test("defect 51: the figures themselves are out of every API role's reach", async () => {
    const reachable = await db.rows(
      `select c.oid::regclass::text as relation, r.rolname
       from pg_class as c cross join pg_roles as r
       where c.relnamespace = 'stats'::regnamespace and c.relkind in ('r', 'm')
         and r.rolname = any ('{api_anonymous,authenticator}')
         and (has_table_privilege(r.oid, c.oid, 'select') or has_any_column_privilege(r.oid, c.oid, 'select'))`,
    );
    expect(reachable).toEqual([]);
    const { stranger } = await db.users("stranger");
    const { project } = await team();
    expect(await figures(project)).toBeDefined();
    for (const view of ["project_stats", "project_activity"]) {
      expect(await db.attempt(stranger).get(view)).toEqual({ kind: "rows", rows: [] });
    }
    expect(await db.attempt(stranger).sql("GET", "select * from stats.project_activity")).toMatchObject({
      sqlState: "42501",
    });
    expect(
      await db.value("select count(*) from pg_class where relnamespace = 'api'::regnamespace and relkind = 'm'"),
    ).toBe(0);
  });
});
