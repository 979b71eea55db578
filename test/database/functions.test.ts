import { describe, expect, test } from "vitest";
import { useCast } from "../support/cast.ts";
import { failureOf, type Outcome, rowOf, rowsOf, type Verdict, verdict } from "../support/outcome.ts";
import { type Requests, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const cast = useCast(db);

describe("what a caller may not see", () => {
  const sameAs = async (
    attempt: (requests: Requests, which: "hidden" | "missing") => Promise<Outcome>,
  ): Promise<void> => {
    for (const name of ["owner", "contributor", "viewer", "stranger"] as const) {
      const requests = db.attempt(cast().users[name]);
      const hidden = failureOf(await attempt(requests, "hidden"));
      expect(hidden, name).toEqual(failureOf(await attempt(requests, "missing")));
      expect(JSON.stringify(hidden), name).not.toMatch(/Hidden|Borealis|Secret/);
    }
  };
  const hiddenTask = (which: "hidden" | "missing"): number =>
    which === "hidden" ? cast().foreign.task : cast().missing;
  const hiddenProject = (which: "hidden" | "missing"): number =>
    which === "hidden" ? cast().foreign.project : cast().missing;

  test.each<[string, (requests: Requests, which: "hidden" | "missing") => Promise<Outcome>]>([
    [
      "assigning its tasks",
      (r, which) => r.rpc("assign_task", { task_id: hiddenTask(which), assignee_id: cast().users.outsider.id }),
    ],
    [
      "moving its tasks' status",
      (r, which) => r.rpc("change_task_status", { task_id: hiddenTask(which), new_status: "completed" }),
    ],
    [
      "moving its tasks to no status at all",
      (r, which) => r.rpc("change_task_status", { task_id: hiddenTask(which), new_status: "bogus" }),
    ],
    ["tagging its tasks", (r, which) => r.rpc("add_task_tag", { task_id: hiddenTask(which), tag: "x" })],
    ["untagging its tasks", (r, which) => r.rpc("remove_task_tag", { task_id: hiddenTask(which), tag: "x" })],
    [
      "adding members",
      (r, which) =>
        r.rpc("add_member", { project_id: hiddenProject(which), email: cast().users.neighbour.email, role: "viewer" }),
    ],
    [
      "handing it over",
      (r, which) =>
        r.rpc("transfer_project", { project_id: hiddenProject(which), new_owner_id: cast().users.outsider.id }),
    ],
    ["making a task in it", (r, which) => r.post("tasks", { title: "New", project_id: hiddenProject(which) })],
    ["commenting on its tasks", (r, which) => r.post("comments", { content: "New", task_id: hiddenTask(which) })],
    [
      "entering it",
      (r, which) =>
        r.post("project_members", {
          project_id: hiddenProject(which),
          user_id: cast().users.neighbour.id,
          role: "viewer",
        }),
    ],
  ])("answers like what is not there to %s", async (_, attempt) => {
    await sameAs(attempt);
  });

  test("changes like what is not there: no row, no error", async () => {
    for (const [table, id, body] of [
      ["projects", cast().foreign.project, { name: "X" }],
      ["tasks", cast().foreign.task, { title: "X" }],
      ["comments", cast().foreign.comment, { content: "X" }],
    ] as const) {
      const requests = db.attempt(cast().users.owner);
      expect(await requests.patch(table, { id }, body)).toEqual({ kind: "rows", rows: [] });
      expect(await requests.delete(table, { id })).toEqual({ kind: "rows", rows: [] });
    }
  });

  test("defect 77: a person whom one may not see and one who is not there answer the same", async () => {
    const { users, project, task: ownTask, missing } = cast();
    const requests = db.attempt(users.owner);
    const attempts: ((id: number) => Promise<Outcome>)[] = [
      (id) => requests.patch("tasks", { id: ownTask }, { assigned_to: id }),
      (id) => requests.post("tasks", { title: "New", project_id: project, assigned_to: id }),
      (id) => requests.post("project_members", { project_id: project, user_id: id, role: "viewer" }),
      (id) => requests.rpc("assign_task", { task_id: ownTask, assignee_id: id }),
      (id) => requests.rpc("transfer_project", { project_id: project, new_owner_id: id }),
    ];
    for (const attempt of attempts) {
      const invisible = failureOf(await attempt(users.stranger.id));
      const missingPerson = failureOf(await attempt(missing));
      // A foreign key's DETAIL repeats the ids that the caller sent.
      const comparable = (failure: unknown): string => JSON.stringify(failure).replaceAll(/=\([^)]*\)/g, "=(…)");
      expect(comparable(invisible)).toBe(comparable(missingPerson));
    }
  });
});

describe("assign_task", () => {
  test("returns the task, with its assignee", async () => {
    const { users, task: id } = cast();
    const row = rowOf(
      await db.attempt(users.contributor).rpc("assign_task", { task_id: id, assignee_id: users.admin.id }),
    );
    expect(row).toMatchObject({ id, assigned_to: users.admin.id, title: "Guidance" });
  });

  test("defect 26: null unassigns", async () => {
    const { users, task: id } = cast();
    const row = rowOf(await db.attempt(users.contributor).rpc("assign_task", { task_id: id, assignee_id: null }));
    expect(row).toMatchObject({ id, assigned_to: null });
  });

  test("refuses somebody who is no member, with a hint", async () => {
    const { users, task: id } = cast();
    const failure = failureOf(
      await db.attempt(users.contributor).rpc("assign_task", { task_id: id, assignee_id: users.neighbour.id }),
    );
    expect(failure).toMatchObject({ status: 400, hint: expect.any(String) });
  });
});

describe("change_task_status", () => {
  test.each(["pending", "in_progress", "completed", "cancelled"])(
    "moves a task to %s and returns it",
    async (status) => {
      const { users, task: id } = cast();
      expect(
        rowOf(await db.attempt(users.assignee).rpc("change_task_status", { task_id: id, new_status: status })),
      ).toMatchObject({ id, status });
    },
  );

  test("defect 29: a status outside the list is refused with the list, and without the row", async () => {
    const { users, task: id } = cast();
    for (const status of ["bogus", "", null, "Pending"]) {
      const failure = failureOf(
        await db.attempt(users.contributor).rpc("change_task_status", { task_id: id, new_status: status }),
      );
      expect(failure.status).toBe(400);
      expect(`${failure.message} ${failure.hint}`).toMatch(/pending.*in_progress.*completed.*cancelled/s);
      expect(JSON.stringify(failure)).not.toMatch(/Guidance|Failing row/);
    }
  });

  test("is all that a viewer who is the assignee may do to the task", async () => {
    const { users, task: id } = cast();
    expect(verdict(await db.attempt(users.assignee).patch("tasks", { id }, { status: "completed" }))).toBe("filtered");
    expect(verdict(await db.attempt(users.assignee).rpc("assign_task", { task_id: id, assignee_id: null }))).toBe(403);
  });
});

describe("errors", () => {
  test("defect 31: 401, 403, 404 and 400 are told apart, each with a message for a person and a hint", async () => {
    const { users, task: id, missing } = cast();
    const attempts: [number, Outcome][] = [
      [403, await db.attempt(users.viewer).rpc("assign_task", { task_id: id, assignee_id: null })],
      [404, await db.attempt(users.viewer).rpc("assign_task", { task_id: missing, assignee_id: null })],
      [404, await db.attempt(users.stranger).rpc("assign_task", { task_id: id, assignee_id: null })],
      [400, await db.attempt(users.contributor).rpc("assign_task", { task_id: id, assignee_id: users.neighbour.id })],
      [400, await db.attempt(users.contributor).rpc("change_task_status", { task_id: id, new_status: "bogus" })],
      [404, await db.attempt(users.contributor).rpc("add_task_tag", { task_id: missing, tag: "x" })],
      [400, await db.attempt(users.contributor).rpc("add_task_tag", { task_id: id, tag: " " })],
    ];
    for (const [status, outcome] of attempts) {
      const failure = failureOf(outcome);
      expect(failure).toMatchObject({
        status,
        message: expect.stringMatching(/\w+ \w+/),
        hint: expect.stringMatching(/\w+ \w+/),
      });
      expect(failure.sqlState).not.toBe("P0001");
    }
  });
});

describe("tags", () => {
  const metadataOf = (row: Readonly<Record<string, unknown>>): unknown => row["metadata"];
  const taskWith = async (metadata: unknown): Promise<number> =>
    await db.task(cast().project, { created_by: cast().users.author.id, metadata: JSON.stringify(metadata) });

  test("defect 59: the first tag is added, and what else the metadata holds stays", async () => {
    const requests = db.as(cast().users.author);
    const id = await taskWith({ priority: "high", estimate: 5 });
    expect(metadataOf(rowOf(await requests.rpc("add_task_tag", { task_id: id, tag: "urgent" })))).toEqual({
      priority: "high",
      estimate: 5,
      tags: ["urgent"],
    });
    const bare = await taskWith({});
    expect(metadataOf(rowOf(await requests.rpc("add_task_tag", { task_id: bare, tag: "urgent" })))).toEqual({
      tags: ["urgent"],
    });
    for (const tag of [null, "", "  "])
      expect(verdict(await requests.rpc("add_task_tag", { task_id: id, tag }))).toBe(400);
    expect(await db.value("select metadata from api.tasks where id = $1", [id])).toEqual({
      priority: "high",
      estimate: 5,
      tags: ["urgent"],
    });
  });

  test("are a sorted set", async () => {
    const requests = db.as(cast().users.author);
    const id = await taskWith({ tags: ["m"] });
    for (const tag of ["z", "a", "m", "z"]) rowOf(await requests.rpc("add_task_tag", { task_id: id, tag }));
    expect(await db.value("select metadata from api.tasks where id = $1", [id])).toEqual({ tags: ["a", "m", "z"] });
    for (const tag of ["m", "not there"]) rowOf(await requests.rpc("remove_task_tag", { task_id: id, tag }));
    expect(await db.value("select metadata->'tags' from api.tasks where id = $1", [id])).toEqual(["a", "z"]);
  });

  test("keep all their letters, and lose the white space around them", async () => {
    const requests = db.as(cast().users.author);
    const id = await taskWith({});
    for (const tag of ["vip", " rev\t", "v", "\u000bx0b\n"])
      rowOf(await requests.rpc("add_task_tag", { task_id: id, tag }));
    expect(await db.value("select metadata->'tags' from api.tasks where id = $1", [id])).toEqual([
      "rev",
      "v",
      "vip",
      "x0b",
    ]);
    for (const tag of ["v", "vip "]) rowOf(await requests.rpc("remove_task_tag", { task_id: id, tag }));
    expect(await db.value("select metadata->'tags' from api.tasks where id = $1", [id])).toEqual(["rev", "x0b"]);
  });

  test("that two people add at the same time are both there", async () => {
    const { users } = cast();
    const id = await taskWith({});
    const clients = await Promise.all([db.connect("authenticator"), db.connect("authenticator")]);
    const add = async (client: (typeof clients)[number], prefix: string): Promise<void> => {
      for (let n = 0; n < 10; n += 1)
        rowOf(await db.as(users.author, client).rpc("add_task_tag", { task_id: id, tag: `${prefix}${n}` }));
    };
    await Promise.all(clients.map((client, index) => add(client, index === 0 ? "a" : "b")));
    expect(await db.value("select jsonb_array_length(metadata->'tags') from api.tasks where id = $1", [id])).toBe(20);
  });

  test("are at most 50 characters long", async () => {
    const requests = db.attempt(cast().users.author);
    expect(verdict(await requests.rpc("add_task_tag", { task_id: cast().task, tag: "x".repeat(50) }))).toBe("allowed");
    expect(verdict(await requests.rpc("add_task_tag", { task_id: cast().task, tag: "x".repeat(51) }))).toBe(400);
  });

  test("the last one may go", async () => {
    const id = await taskWith({ tags: ["only"], estimate: 1 });
    const metadata = metadataOf(
      rowOf(await db.as(cast().users.author).rpc("remove_task_tag", { task_id: id, tag: "only" })),
    );
    expect(metadata).toMatchObject({ estimate: 1 });
    expect(JSON.stringify(metadata)).not.toContain("only");
  });

  test("defect 60: metadata is an object, its tags distinct texts that are not blank", async () => {
    const { users, task: id } = cast();
    const write = async (metadata: unknown): Promise<Verdict> =>
      verdict(
        await db
          .attempt(users.author)
          .sql("PATCH", "update api.tasks set metadata = $1 where id = $2 returning 1", [JSON.stringify(metadata), id]),
      );
    const bad = [
      5,
      [1, 2],
      "text",
      null,
      { tags: "oops" },
      { tags: {} },
      { tags: null },
      { tags: ["a", "a"] },
      { tags: [""] },
      { tags: [" "] },
      { tags: [1] },
      { tags: [null] },
    ];
    for (const metadata of bad) expect(await write(metadata), JSON.stringify(metadata)).toBe(400);
    for (const metadata of [{}, { tags: [] }, { tags: ["a", "b"], other: [1, 1] }])
      expect(await write(metadata), JSON.stringify(metadata)).toBe("allowed");
    expect(await write({ blob: "x".repeat(16 * 1024) })).toBe(400);
    expect(await write({ blob: "x".repeat(15_000) })).toBe("allowed");
    expect(verdict(await db.attempt(users.author).patch("tasks", { id }, { metadata: null }))).toBe(400);
  });
});

describe("what a function refuses", () => {
  test("is told without the row, also where a limit of the table is what refuses it", async () => {
    const { users, project } = cast();
    const id = await db.task(project, {
      title: "Guarded",
      created_by: users.author.id,
      metadata: JSON.stringify({ blob: "x".repeat(16_340) }),
    });
    const failure = failureOf(
      await db
        .attempt(users.author)
        .rpc("add_task_tag", { task_id: id, tag: "one too many, of fifty characters or a bit less" }),
    );
    expect(failure.status).toBe(400);
    expect(JSON.stringify(failure)).not.toMatch(/Guarded|xxx|Failing row/);
    for (const filter of [[1], "text", 5, null]) {
      const outcome = await db.attempt(users.author).rpc("find_tasks", { metadata_filter: JSON.stringify(filter) });
      expect(verdict(outcome), JSON.stringify(filter)).toBe(400);
    }
  });

  test("add_member: a role outside the list, an unknown address, and somebody who is there", async () => {
    const { users, project } = cast();
    const add = async (email: unknown, role: unknown): Promise<Verdict> =>
      verdict(await db.attempt(users.admin).rpc("add_member", { project_id: project, email, role }));
    expect(await add(users.stranger.email, "owner")).toBe(400);
    expect(await add(users.stranger.email, null)).toBe(400);
    expect(await add("nobody@example.com", "viewer")).toBe(404);
    expect(await add(null, "viewer")).toBe(404);
    expect(await add(users.viewer.email, "admin")).toBe(409);
    expect(await add(` ${users.stranger.email.toUpperCase()} `, "viewer")).toBe("allowed");
  });
});

describe("find_tasks", () => {
  test("finds by containment, in the caller's projects only", async () => {
    const { users, project, foreign } = cast();
    const mine = await db.task(project, {
      created_by: users.author.id,
      metadata: JSON.stringify({ sprint: 7, tags: ["x"] }),
    });
    await db.task(foreign.project, {
      created_by: users.outsider.id,
      metadata: JSON.stringify({ sprint: 7, tags: ["x"] }),
    });
    for (const filter of [{ sprint: 7 }, { tags: ["x"] }, { sprint: 7, tags: ["x"] }]) {
      const rows = rowsOf(await db.attempt(users.viewer).rpc("find_tasks", { metadata_filter: filter }));
      expect(rows.map((row) => row["id"])).toEqual([mine]);
    }
    expect(rowsOf(await db.attempt(users.viewer).rpc("find_tasks", { metadata_filter: { sprint: 8 } }))).toEqual([]);
  });
});

describe("search_tasks", () => {
  const titles = async (query: string): Promise<unknown[]> =>
    rowsOf(await db.attempt(cast().users.viewer).rpc("search_tasks", { search_query: query })).map(
      (row) => row["title"],
    );

  test("defect 64: web-search syntax, and any input is a valid query", async () => {
    const { users } = cast();
    const project = await db.project(users.viewer, {}, { name: "Search" });
    const add = async (title: string, description: string): Promise<number> =>
      await db.task(project, { title, description, created_by: users.viewer.id });
    await add("Zebra crossing", "paint the road");
    await add("Paint the zebra", "animals in stripes, and a zebra again");
    await add("Lion", "the zebra is its dinner");
    expect(await titles("zebra")).toEqual(expect.arrayContaining(["Zebra crossing", "Paint the zebra", "Lion"]));
    expect((await titles("zebra")).at(-1)).toBe("Lion");
    expect(await titles("zebras")).toHaveLength(3);
    expect(await titles('"zebra crossing"')).toEqual(["Zebra crossing"]);
    expect(await titles("zebra -dinner")).toHaveLength(2);
    expect(await titles("lion or crossing")).toHaveLength(2);
    for (const odd of [
      "",
      "the",
      "'",
      '"',
      "\\",
      "& | ! ( )",
      "a:*b",
      "-",
      "-zebra -",
      "\u0000".slice(1),
      "%",
      "😀",
      "x".repeat(5000),
    ]) {
      expect(await db.attempt(users.viewer).rpc("search_tasks", { search_query: odd }), odd).toMatchObject({
        kind: "rows",
      });
    }
    expect(await db.attempt(users.viewer).rpc("search_tasks", { search_query: null })).toMatchObject({
      kind: "rows",
      rows: [],
    });
  });

  test("returns rows of task_details, decorated with what the caller may see", async () => {
    const { users } = cast();
    const [found] = rowsOf(await db.attempt(users.viewer).rpc("search_tasks", { search_query: "guidance" }));
    const [viewed] = rowsOf(await db.attempt(users.viewer).get("task_details", { id: cast().task }));
    expect(found).toEqual(viewed);
  });

  test("may be called by GET, and writes nothing", async () => {
    expect(
      verdict(await db.attempt(cast().users.viewer).rpc("search_tasks", { search_query: "guidance" }, "GET")),
    ).toBe("allowed");
  });
});

describe("searching and finding", () => {
  test("lose none of the caller's tasks to newer ones that are other people's", async () => {
    const { users, project, foreign } = cast();
    const own = await db.task(project, {
      title: "Needle",
      created_by: users.author.id,
      metadata: JSON.stringify({ needle: 1 }),
    });
    await db.rows(
      `insert into api.tasks (title, project_id, metadata) select 'Needle needle', $1, '{"needle": 1}' from generate_series(1, 1500)`,
      [foreign.project],
    );
    const viewer = db.attempt(users.viewer);
    for (const [name, args] of [
      ["search_tasks", { search_query: "needle" }],
      ["find_tasks", { metadata_filter: { needle: 1 } }],
    ] as const) {
      expect(
        rowsOf(await viewer.rpc(name, args)).map((row) => row["id"]),
        name,
      ).toEqual([own]);
    }
  });
});

describe("by GET", () => {
  test("a function that writes is 405", async () => {
    const { users, task: id } = cast();
    expect(
      verdict(
        await db.attempt(users.author).rpc("change_task_status", { task_id: id, new_status: "completed" }, "GET"),
      ),
    ).toBe(405);
  });
});
