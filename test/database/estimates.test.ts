import { beforeAll, expect, test } from "vitest";
import { rowsOf } from "../support/outcome.ts";
import { type User, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();

let stranger: User;
let large: { readonly project: number; readonly member: number };

const PROJECTS = 40;
const NOBODY = 999_999;

beforeAll(async () => {
  const { owner, outsider } = await db.users("owner", "outsider");
  stranger = outsider;
  await db.rows(
    "insert into api.users (email, name) select n || '@many.example.com', 'M' || n from generate_series(1, 300) as n",
  );
  await db.rows("insert into api.projects (name, owner_id) select 'P' || n, $1 from generate_series(1, $2) as n", [
    owner.id,
    PROJECTS,
  ]);
  // The project numbered n has about 7 n members.
  await db.rows(
    `insert into api.project_members (project_id, user_id, role)
     select p.id, u.id, 'viewer'
     from (select id, row_number() over (order by id) as n from api.projects) as p
     join (select id, row_number() over (order by id) as n from api.users where email like '%@many.example.com') as u
       on u.n <= 7 * p.n`,
  );
  await db.rows(
    `insert into api.tasks (title, project_id, created_at)
     select 'Task', p.id, now() - w * interval '1 week'
     from (select id, row_number() over (order by id) as n from api.projects) as p
     cross join lateral generate_series(1, 10 * p.n) as w`,
  );
  await db.rows("refresh materialized view stats.project_activity");
  await db.rows("analyze");
  large = {
    project: await db.value("select max(id) from api.projects"),
    member: await db.value("select min(id) from api.users where email like '%@many.example.com'"),
  };
});

/** How many rows the planner expects, which is what `Prefer: count=planned` answers. */
async function planned(sql: string, value: number): Promise<number> {
  const [row] = rowsOf(await db.attempt(stranger).sql("GET", `explain (format json) ${sql}${value}`));
  const [root] = (row?.["QUERY PLAN"] ?? []) as { Plan: { "Plan Rows": number } }[];
  return root?.Plan["Plan Rows"] ?? Number.NaN;
}

const QUESTIONS = {
  "how many members a project has": ["select user_id from api.project_members where project_id = ", "project"],
  "in how many projects a person is": ["select project_id from api.project_members where user_id = ", "member"],
  "for how long a project has been at work": ["select week from api.project_activity where project_id = ", "project"],
  "how many tasks a project has": ["select id from api.tasks where project_id = ", "project"],
  "how many tasks a project has, with their names": ["select id from api.task_details where project_id = ", "project"],
  "how many projects a person has": ["select id from api.projects where owner_id = ", "member"],
} as const;

test.each(Object.entries(QUESTIONS))("an estimate does not tell a stranger %s", async (_, [sql, which]) => {
  expect(await planned(sql, large[which])).toBe(await planned(sql, NOBODY));
});

test("it would, did the planner know how often each value is there", async () => {
  await db.rows("alter table api.project_members alter project_id set statistics -1, alter user_id set statistics -1");
  await db.rows("alter materialized view stats.project_activity alter project_id set statistics -1");
  await db.rows("analyze");
  for (const [sql, which] of Object.values(QUESTIONS).slice(0, 3)) {
    expect(await planned(sql, large[which]), sql).toBeGreaterThan(await planned(sql, NOBODY));
  }
});
