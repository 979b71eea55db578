import { beforeAll, describe, expect, test } from "vitest";
import { rowsOf } from "../support/outcome.ts";
import { type Requests, type User, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();

const PROJECTS = 2_000;
const TASKS = 20_000;
let member: User;
let own: number[];

beforeAll(async () => {
  const { boss, someone } = await db.users("boss", "someone");
  member = someone;
  await db.rows("insert into api.projects (name, owner_id) select 'P' || n, $1 from generate_series(1, $2) as n", [
    boss.id,
    PROJECTS,
  ]);
  const projects = await db.rows<{ id: number }>("select id from api.projects order by id");
  own = projects.filter((_, index) => index % 40 === 0).map(({ id }) => id);
  await db.rows(
    "insert into api.project_members (project_id, user_id, role) select p, $2, 'contributor' from unnest($1::bigint[]) as p",
    [own, member.id],
  );
  await db.rows(
    `insert into api.tasks (title, description, project_id, created_by, status, due_date, metadata)
     select
       'Task ' || n || case when n % 1000 = 0 then ' rare' else '' end,
       'common words ' || md5(n::text),
       ($1::bigint[])[1 + n % $2],
       $3,
       case when n % 4 = 0 then 'completed' else 'pending' end,
       now() + n * interval '1 minute',
       jsonb_build_object('n', n % 500)
     from generate_series(1, $4) as n`,
    [projects.map(({ id }) => id), PROJECTS, boss.id, TASKS],
  );
  await db.rows("insert into api.comments (content, task_id, user_id) select 'Comment', id, $1 from api.tasks", [
    boss.id,
  ]);
  await db.rows("vacuum analyze");
  // What this connection has read is counted now, and not when a request is being looked at.
  await db.rows("select pg_stat_force_next_flush()");
});

interface Node {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly Plans?: readonly Node[];
}

/** The nodes of the plan that the caller's own request gets. */
async function plan(sql: string, values: readonly unknown[] = []): Promise<Node[]> {
  const outcome = await db.attempt(member).sql("GET", `explain (format json) ${sql}`, values);
  const [row] = rowsOf(outcome);
  const [root] = (row?.["QUERY PLAN"] ?? []) as { Plan: Node }[];
  const flatten = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flatten)];
  return root === undefined ? [] : flatten(root.Plan);
}

function scansOf(nodes: readonly Node[], table: string): Node[] {
  return nodes.filter((node) => node["Relation Name"] === table);
}

async function expectNarrowed(sql: string, table: string, by = /project_id = ANY/): Promise<void> {
  const nodes = await plan(sql);
  expect(scansOf(nodes, table).length).toBeGreaterThan(0);
  expect(scansOf(nodes, table).map((node) => node["Node Type"])).not.toContain("Seq Scan");
  // An index condition of the policy, here or in the bitmap below it: not a filter over other people's rows.
  expect(nodes.map((node) => node["Index Cond"] ?? "").join("\n")).toMatch(by);
}

/** How many rows of a table were read one after the other by a request: nothing, where an index served. */
async function sequentialReads(
  attempt: (requests: Requests) => Promise<unknown>,
  tables: readonly string[],
): Promise<Record<string, number>> {
  const client = await db.connect("authenticator");
  const read = async (): Promise<Map<string, number>> => {
    await client.query("select pg_stat_force_next_flush()");
    await client.query("select 1");
    const rows = await db.rows<{ relname: string; read: number }>(
      "select relname, seq_tup_read::bigint as read from pg_stat_user_tables where schemaname = 'api' and relname = any ($1)",
      [tables],
    );
    return new Map(rows.map(({ relname, read: count }) => [relname, count]));
  };
  const before = await read();
  await attempt(db.as(member, client));
  const after = await read();
  return Object.fromEntries(tables.map((table) => [table, (after.get(table) ?? 0) - (before.get(table) ?? 0)]));
}

const NOTHING = { tasks: 0, comments: 0 };

describe("what a member reads is found by the index of their projects:", () => {
  test.each([
    ["all", "select * from api.task_details"],
    ["by id", "select id, title from api.tasks order by id limit 20"],
    ["by time", "select id, title from api.tasks order by created_at desc limit 20"],
    ["by due date", "select id, title from api.tasks order by due_date limit 20"],
    ["by words", "select id from api.tasks where search_vector @@ websearch_to_tsquery('english', 'rare')"],
    ["by metadata", `select id from api.tasks where metadata @> '{"n": 7}'`],
  ])("defect 67: tasks, %s", async (_, sql) => {
    await expectNarrowed(sql, "tasks");
  });

  test("defect 68: the comments of a task, and all comments", async () => {
    const task = await db.value<number>("select min(id) from api.tasks where project_id = $1", [own[0]]);
    await expectNarrowed(`select * from api.comments where task_id = ${task}`, "comments", /task_id = /);
    await expectNarrowed("select * from api.comments order by id desc limit 20", "comments");
  });

  test("defect 71: the open tasks of a project by due date, in the order of an index", async () => {
    const nodes = await plan(
      `select id from api.tasks where project_id = ${own[0]} and status = 'pending' order by due_date limit 20`,
    );
    const [scan] = scansOf(nodes, "tasks");
    expect(scan?.["Index Cond"] ?? nodes.map((node) => node["Index Cond"]).join()).toMatch(/project_id = .*status = /s);
  });
});

describe("a request reads no table from end to end:", () => {
  test("defect 65: searching for a rare word and for a common one", async () => {
    for (const word of ["rare", "common"]) {
      expect(
        await sequentialReads(
          (requests) => requests.rpc("search_tasks", { search_query: word }),
          ["tasks", "comments"],
        ),
      ).toEqual(NOTHING);
    }
  });

  test("defect 66: finding by words and by metadata uses the indexes made for it", async () => {
    const scans = async (index: string): Promise<number> =>
      await db.value("select idx_scan from pg_stat_user_indexes where indexrelname = $1", [index]);
    const client = await db.connect("authenticator");
    for (const [index, name, args] of [
      ["tasks_search_idx", "search_tasks", { search_query: "rare" }],
      ["tasks_metadata_idx", "find_tasks", { metadata_filter: { n: 0 } }],
    ] as const) {
      const before = await scans(index);
      expect(rowsOf(await db.as(member, client).rpc(name, args)).length).toBeGreaterThan(0);
      await client.query("select pg_stat_force_next_flush()");
      await client.query("select 1");
      expect(await scans(index), index).toBeGreaterThan(before);
    }
  });

  test("defect 70: listing projects with their counts, and a page of task_details", async () => {
    expect(await sequentialReads((requests) => requests.get("project_details"), ["tasks", "comments"])).toEqual(
      NOTHING,
    );
    expect(
      await sequentialReads((requests) => requests.get("task_details", { project_id: own[0] }), ["tasks", "comments"]),
    ).toEqual(NOTHING);
    const nodes = await plan("select * from api.project_details");
    expect(scansOf(nodes, "tasks")).toEqual([]);
  });

  test("defect 47: writing a task, and moving it", async () => {
    const written = await sequentialReads(
      async (requests) => {
        rowsOf(await requests.post("tasks", { title: "New", project_id: own[0] }));
        rowsOf(await requests.patch("tasks", { title: "New", project_id: own[0] }, { status: "completed" }));
      },
      ["tasks", "comments", "project_members"],
    );
    expect(written).toMatchObject(NOTHING);
  });
});
