import { beforeAll, describe, expect, test } from "vitest";
import type { Matrix, MatrixChange } from "../../src/core/matrix.ts";
import { causesOf, compareMatrices } from "../../src/matrix/compare.ts";
import { changeSentences } from "../../src/report/matrix/words.ts";
import { useMatrix } from "../support/matrix.ts";
import { useReferenceDatabase } from "../support/reference-database.ts";

// What somebody may do to the policies by mistake, and what the matrix says of it.
const db = useReferenceDatabase();
const { client, observe } = useMatrix(db);
let before: Matrix;

beforeAll(async () => {
  before = await observe();
});

async function after(sql: string): Promise<Matrix> {
  await client().query("begin");
  try {
    await client().query(sql);
    return await observe();
  } finally {
    await client().query("rollback");
  }
}

interface Told {
  readonly opened: readonly string[];
  readonly closed: readonly string[];
  readonly other: readonly string[];
}

function tell(changes: readonly MatrixChange[]): Told {
  const sentences = changeSentences(changes.map((change) => ({ ...change, causes: [] })));
  const of = (kind: MatrixChange["kind"]): string[] =>
    sentences.filter((sentence) => sentence.kind === kind).map(({ text }) => text);
  return { opened: of("opened"), closed: of("closed"), other: of("other") };
}

/** The names of what is behind the changes of a subject, as the files declare it. */
function causes(changes: readonly MatrixChange[], now: Matrix, subject: string): string[] {
  const found = changes
    .filter((change) => change.subject === subject)
    .flatMap((change) => causesOf(change, before, now));
  return [
    ...new Set(
      found.map(
        (cause) => `${cause.kind} ${"name" in cause ? cause.name : cause.kind === "grant" ? cause.privilege : ""}`,
      ),
    ),
  ];
}

const USERS = "Adam, Arthur, Asad, Cora, Nina, Olga, Omar, Rita, Stella and Vera";

const CHANGES: readonly {
  readonly change: string;
  readonly sql: string;
  readonly opened: readonly string[];
  readonly closed: readonly string[];
  readonly cause: readonly [subject: string, ...names: string[]];
}[] = [
  {
    change: "a policy that holds for all rows",
    sql: "alter policy select_member on api.comments using (true)",
    opened: [
      "Adam, Asad, Cora, Olga and Vera can now SELECT api.comments, more of it: shared 2/2, other 0/1 → shared 2/2, other 1/1",
      "Arthur and Rita can now SELECT api.comments, more of it: own 1/1, shared 1/1, other 0/1 → own 1/1, shared 1/1, other 1/1",
      "Nina and Stella can now SELECT api.comments: other 0/3 → other 3/3",
      "Omar can now SELECT api.comments, more of it: own 1/1, other 0/2 → own 1/1, other 2/2",
    ],
    closed: [],
    cause: ["api.comments", "policy select_member"],
  },
  {
    change: "a table for whoever has no token",
    sql: "grant select (id, name) on api.users to api_anonymous; create policy select_all on api.users for select to public using (name < 'B')",
    opened: [
      "anonymous can now SELECT api.users: no privilege → other 3/10",
      "Omar and Stella can now SELECT api.users, more of it: own 1/1, other 0/9 → own 1/1, other 3/9",
    ],
    closed: [],
    cause: ["api.users", "grant select", "policy select_all"],
  },
  {
    change: "a view with the rights of its owner",
    sql: "create view api.all_tasks as select * from api.tasks; grant select on api.all_tasks to api_user",
    opened: ["Nina and Stella can now SELECT api.all_tasks: no such cell → other 3/3"],
    closed: [],
    cause: ["api.all_tasks", "relation all_tasks"],
  },
  {
    change: "a policy less",
    sql: "drop policy delete_author_or_admin on api.comments",
    opened: [],
    closed: [
      "Adam and Olga can no longer DELETE api.comments: shared 2/2, other 0/1 → shared 0/2, other 0/1",
      "Arthur can no longer DELETE api.comments: own 1/1, shared 0/1, other 0/1 → own 0/1, shared 0/1, other 0/1",
      "Omar can no longer DELETE api.comments: own 1/1, other 0/2 → own 0/1, other 0/2",
    ],
    cause: ["api.comments", "row-security "],
  },
  {
    change: "a column that may be changed",
    sql: "grant update (created_by) on api.tasks to api_user",
    opened: ["Adam, Arthur, Cora, Olga and Omar can now UPDATE api.tasks: created_by = oneself, created_by = another"],
    closed: [],
    cause: ["api.tasks", "grant update", "policy update_contributor"],
  },
  {
    change: "a number that may be chosen",
    sql: "grant insert (created_at) on api.projects to api_user",
    opened: [`${USERS} can now INSERT api.projects (as oneself): created_at`],
    closed: [],
    cause: ["api.projects", "grant insert", "policy insert_owner"],
  },
  {
    change: "a column that may be read",
    sql: "grant select (email) on api.users to api_user",
    opened: [`${USERS} can now SELECT api.users: email`],
    closed: [],
    cause: ["api.users", "grant select", "policy select_peer"],
  },
  {
    change: "an author who may be made up",
    sql: "alter policy insert_contributor on api.comments with check (project_id = any ((select auth.project_ids('contributor'))::bigint[]))",
    opened: ["Adam, Arthur, Cora, Olga and Omar can now INSERT api.comments (shared, as another): refused → 1/1"],
    closed: [],
    cause: ["api.comments", "policy insert_contributor"],
  },
  {
    change: "a function for everybody",
    sql: "grant execute on function api.refresh_project_stats() to public",
    opened: [`anonymous, ${USERS} can now EXECUTE api.refresh_project_stats(): no privilege → ran`],
    closed: [],
    cause: ["api.refresh_project_stats()", "grant execute", "function refresh_project_stats"],
  },
  {
    change: "a write that nobody who only looks would see",
    sql: "alter policy update_contributor on api.tasks using (true) with check (true)",
    opened: ["Nina and Stella can now UPDATE api.tasks: other 0/3 → other 3/3"],
    closed: [],
    cause: ["api.tasks", "policy update_contributor"],
  },
  {
    change: "a schema that is closed to those with a token",
    sql: "revoke usage on schema api from api_user",
    opened: [],
    closed: ["Stella can no longer SELECT api.projects: other 0/3 → no privilege"],
    cause: ["api.projects", "grant select", "policy select_member"],
  },
];

describe("the matrix tells", () => {
  test.each(CHANGES)("$change", async ({ sql, opened, closed, cause: [subject, ...names] }) => {
    const now = await after(sql);
    const changes = compareMatrices(before, now);
    const told = tell(changes);
    expect(told.opened).toEqual(expect.arrayContaining([...opened]));
    expect(told.closed).toEqual(expect.arrayContaining([...closed]));
    // Nothing is said to have opened where everything closes, and the other way round.
    if (opened.length === 0) expect(told.opened).toEqual([]);
    if (closed.length === 0) expect(told.closed).toEqual([]);
    expect(causes(changes, now, subject)).toEqual(expect.arrayContaining(names));
    // What opens one way, closes the other way.
    const back = compareMatrices(now, before);
    const count = (list: readonly MatrixChange[], kind: MatrixChange["kind"]): number =>
      list.filter((change) => change.kind === kind).length;
    expect([count(back, "opened"), count(back, "closed")]).toEqual([
      count(changes, "closed"),
      count(changes, "opened"),
    ]);
  });

  test("nothing of what changes nobody's rights", async () => {
    const sql =
      "comment on table api.tasks is 'Other words'; alter policy select_member on api.projects rename to see_member";
    expect(tell(compareMatrices(before, await after(sql)))).toEqual({ opened: [], closed: [], other: [] });
  });

  test("that members see figures, which nobody else does", () => {
    const figures = before.cells.filter(
      ({ subject, action }) => subject === "api.project_activity" && action === "select",
    );
    const seen = figures.filter(({ ended }) => ended.kind === "rows" && ended.rows.all?.[0] === 1);
    expect(seen.map(({ persona }) => persona)).toEqual([
      "Adam",
      "Arthur",
      "Asad",
      "Cora",
      "Olga",
      "Omar",
      "Rita",
      "Vera",
    ]);
  });
});
