import { beforeAll, describe, expect, test } from "vitest";
import { type Cast, useCast } from "../support/cast.ts";
import type { User } from "../support/reference-database.ts";
import { type Answer, ask, type Client, describeApi } from "./api.ts";

/** Who asks for what, and the status of the answer. */
type Row = readonly [
  what: string,
  request: (cast: Cast) => [User, (client: Client) => Parameters<typeof ask>[0]],
  number,
];

describeApi("the status of an answer", (api) => {
  const cast = useCast(api.db);
  let anonymous: Client;
  beforeAll(() => {
    anonymous = api.client();
  });

  const rpc =
    (name: string, args: Record<string, unknown> = {}) =>
    (client: Client) =>
      client.rpc(name, args);
  const insert = (table: string, row: Record<string, unknown>) => (client: Client) => client.from(table).insert(row);

  describe("each of these stands beside one that succeeds", () => {
    const rows: readonly Row[] = [
      // An owner_id, created_by or user_id may be the caller's own.
      [
        "a project of one's own",
        ({ users: { stranger } }) => [stranger, insert("projects", { name: "P", owner_id: stranger.id })],
        201,
      ],
      [
        "a project of somebody else's",
        ({ users: { stranger, owner } }) => [stranger, insert("projects", { name: "P", owner_id: owner.id })],
        403,
      ],
      [
        "a task in one's own name",
        ({ users: { author }, project }) => [
          author,
          insert("tasks", { title: "T", project_id: project, created_by: author.id }),
        ],
        201,
      ],
      [
        "a task in another's name",
        ({ users: { author, owner }, project }) => [
          author,
          insert("tasks", { title: "T", project_id: project, created_by: owner.id }),
        ],
        403,
      ],
      [
        "a task as a viewer",
        ({ users: { viewer }, project }) => [viewer, insert("tasks", { title: "T", project_id: project })],
        403,
      ],
      [
        "a task in a foreign project",
        ({ users: { author }, foreign }) => [author, insert("tasks", { title: "T", project_id: foreign.project })],
        403,
      ],
      [
        "a task in a project that is not",
        ({ users: { author }, missing }) => [author, insert("tasks", { title: "T", project_id: missing })],
        403,
      ],
      [
        "a comment in one's own name",
        ({ users: { author }, task }) => [
          author,
          insert("comments", { content: "C", task_id: task, user_id: author.id }),
        ],
        201,
      ],
      [
        "a comment in another's name",
        ({ users: { author, owner }, task }) => [
          author,
          insert("comments", { content: "C", task_id: task, user_id: owner.id }),
        ],
        403,
      ],
      // What a check refuses.
      [
        "a task with a title",
        ({ users: { author }, project }) => [author, insert("tasks", { title: "ok", project_id: project })],
        201,
      ],
      [
        "a blank title",
        ({ users: { author }, project }) => [author, insert("tasks", { title: "  ", project_id: project })],
        400,
      ],
      [
        "a title of 201 characters",
        ({ users: { author }, project }) => [author, insert("tasks", { title: "x".repeat(201), project_id: project })],
        400,
      ],
      ["no title", ({ users: { author }, project }) => [author, insert("tasks", { project_id: project })], 400],
      [
        "a column that is not",
        ({ users: { author }, project }) => [author, insert("tasks", { titel: "T", project_id: project })],
        400,
      ],
      // Columns that nobody may write.
      [
        "a task's title",
        ({ users: { author }, task }) => [author, (c) => c.from("tasks").update({ title: "new" }).eq("id", task)],
        204,
      ],
      [
        "a task's project",
        ({ users: { author }, task, project }) => [
          author,
          (c) => c.from("tasks").update({ project_id: project }).eq("id", task),
        ],
        403,
      ],
      [
        "a user without registering",
        ({ users: { stranger } }) => [stranger, insert("users", { email: "a@example.com", name: "A" })],
        403,
      ],
      // Members.
      [
        "another member's role",
        ({ users: { owner, viewer }, project }) => [
          owner,
          (c) =>
            c.from("project_members").update({ role: "viewer" }).eq("project_id", project).eq("user_id", viewer.id),
        ],
        204,
      ],
      [
        "the owner's role",
        ({ users: { admin, owner }, project }) => [
          admin,
          (c) => c.from("project_members").update({ role: "viewer" }).eq("project_id", project).eq("user_id", owner.id),
        ],
        403,
      ],
      [
        "the owner's membership",
        ({ users: { owner }, project }) => [
          owner,
          (c) => c.from("project_members").delete().eq("project_id", project).eq("user_id", owner.id),
        ],
        403,
      ],
      [
        "somebody by e-mail",
        ({ users: { owner, stranger }, project }) => [
          owner,
          rpc("add_member", { project_id: project, email: stranger.email, role: "viewer" }),
        ],
        200,
      ],
      [
        "somebody who is a member",
        ({ users: { owner, admin }, project }) => [
          owner,
          rpc("add_member", { project_id: project, email: admin.email, role: "viewer" }),
        ],
        409,
      ],
      [
        "an e-mail without an account",
        ({ users: { owner }, project }) => [
          owner,
          rpc("add_member", { project_id: project, email: "nobody@example.com", role: "viewer" }),
        ],
        404,
      ],
      [
        "a role that is none",
        ({ users: { owner, neighbour }, project }) => [
          owner,
          rpc("add_member", { project_id: project, email: neighbour.email, role: "king" }),
        ],
        400,
      ],
      [
        "somebody, as a viewer",
        ({ users: { viewer, neighbour }, project }) => [
          viewer,
          rpc("add_member", { project_id: project, email: neighbour.email, role: "viewer" }),
        ],
        403,
      ],
      // Status, assignee, tags.
      [
        "a status, as a contributor",
        ({ users: { contributor }, task }) => [
          contributor,
          rpc("change_task_status", { task_id: task, new_status: "in_progress" }),
        ],
        200,
      ],
      [
        "a status, as the assignee who is a viewer",
        ({ users: { assignee }, task }) => [
          assignee,
          rpc("change_task_status", { task_id: task, new_status: "in_progress" }),
        ],
        200,
      ],
      [
        "a status, as another viewer",
        ({ users: { viewer }, task }) => [
          viewer,
          rpc("change_task_status", { task_id: task, new_status: "in_progress" }),
        ],
        403,
      ],
      [
        "a status that is none",
        ({ users: { contributor }, task }) => [
          contributor,
          rpc("change_task_status", { task_id: task, new_status: "done" }),
        ],
        400,
      ],
      [
        "an assignee",
        ({ users: { contributor, viewer }, task }) => [
          contributor,
          rpc("assign_task", { task_id: task, assignee_id: viewer.id }),
        ],
        200,
      ],
      [
        "an assignee who is no member",
        ({ users: { contributor, outsider }, task }) => [
          contributor,
          rpc("assign_task", { task_id: task, assignee_id: outsider.id }),
        ],
        400,
      ],
      [
        "an assignee, as a viewer",
        ({ users: { viewer }, task }) => [viewer, rpc("assign_task", { task_id: task, assignee_id: viewer.id })],
        403,
      ],
      [
        "a tag",
        ({ users: { contributor }, task }) => [contributor, rpc("add_task_tag", { task_id: task, tag: "urgent" })],
        200,
      ],
      [
        "a blank tag",
        ({ users: { contributor }, task }) => [contributor, rpc("add_task_tag", { task_id: task, tag: " " })],
        400,
      ],
      [
        "a tag, as a viewer",
        ({ users: { viewer }, task }) => [viewer, rpc("add_task_tag", { task_id: task, tag: "urgent" })],
        403,
      ],
      [
        "the tag's removal",
        ({ users: { contributor }, task }) => [contributor, rpc("remove_task_tag", { task_id: task, tag: "urgent" })],
        200,
      ],
      [
        "tasks by metadata",
        ({ users: { viewer } }) => [viewer, rpc("find_tasks", { metadata_filter: { tags: ["urgent"] } })],
        200,
      ],
      [
        "tasks by metadata that are no object",
        ({ users: { viewer } }) => [viewer, rpc("find_tasks", { metadata_filter: [1] })],
        400,
      ],
      // The project itself.
      [
        "a project, to a member by who does not own it",
        ({ users: { admin, contributor }, project }) => [
          admin,
          rpc("transfer_project", { project_id: project, new_owner_id: contributor.id }),
        ],
        403,
      ],
      [
        "a project, to somebody outside",
        ({ users: { owner, outsider }, project }) => [
          owner,
          rpc("transfer_project", { project_id: project, new_owner_id: outsider.id }),
        ],
        400,
      ],
      [
        "a foreign project",
        ({ users: { outsider, owner }, project }) => [
          outsider,
          rpc("transfer_project", { project_id: project, new_owner_id: owner.id }),
        ],
        404,
      ],
      [
        "a project, to a member",
        ({ users: { outsider }, foreign }) => [
          outsider,
          rpc("transfer_project", { project_id: foreign.project, new_owner_id: outsider.id }),
        ],
        200,
      ],
      // What is for nobody, or is not there.
      ["the recount", ({ users: { owner } }) => [owner, rpc("refresh_project_stats")], 403],
      ["a function that is not", ({ users: { owner } }) => [owner, rpc("no_such_function")], 404],
      [
        "a function's other arguments",
        ({ users: { owner }, task }) => [owner, rpc("assign_task", { task: task })],
        404,
      ],
      ["a table that is not", ({ users: { owner } }) => [owner, (c) => c.from("no_such_table").select()], 404],
      ["a table of another schema", ({ users: { owner } }) => [owner, (c) => c.from("credentials").select()], 404],
    ];

    test.each(rows)("%s", async (_, request, status) => {
      const [user, send] = request(cast());
      const answer = await ask(send(await api.as(user)));
      expect(`${answer.status} ${answer.message ?? ""}`).toMatch(new RegExp(`^${status} `));
    });
  });

  test("what may not be seen is answered as what is not there, word for word", async () => {
    const { users, foreign, missing, task } = cast();
    const client = await api.as(users.contributor);
    for (const [name, args] of [
      ["change_task_status", { new_status: "completed" }],
      ["assign_task", { assignee_id: null }],
      ["add_task_tag", { tag: "t" }],
    ] as const) {
      const hidden = await ask(client.rpc(name, { task_id: foreign.task, ...args }));
      expect(hidden).toMatchObject({ status: 404, code: "PT404" });
      expect(await ask(client.rpc(name, { task_id: missing, ...args }))).toEqual(hidden);
      expect(await ask(client.rpc(name, { task_id: task, ...args }))).toMatchObject({ status: 200 });
    }
  });

  test("rows that a policy hides are not changed, and that is no error", async () => {
    const { users, task } = cast();
    const send = async (user: User): Promise<Answer> =>
      await ask((await api.as(user)).from("tasks").delete().eq("id", task).select("id"));
    expect(await send(users.viewer)).toMatchObject({ status: 200, data: [] });
    expect(await api.db.value("select count(*) from api.tasks where id = $1", [task])).toBe(1);
    const other = await api.db.task(cast().project);
    const deleted = (await api.as(users.owner)).from("tasks").delete().eq("id", other).select("id");
    expect(await ask(deleted)).toMatchObject({ status: 200, data: [{ id: other }] });
  });

  test("one object is asked for, and there is none: 406", async () => {
    const { users, task, missing } = cast();
    const client = await api.as(users.viewer);
    const one = (id: number) => client.from("task_details").select("id").eq("id", id).single();
    expect(await ask(one(missing))).toMatchObject({ status: 406, code: "PGRST116" });
    expect(await ask(one(task))).toMatchObject({ status: 200, data: { id: task } });
  });

  describe("without a token", () => {
    const account = { email: "first@example.com", password: "long enough", name: "First" };

    test("one registers once; the same address again is a conflict", async () => {
      expect(await ask(anonymous.rpc("register", account))).toMatchObject({ status: 200 });
      expect(await ask(anonymous.rpc("register", { ...account, email: " FIRST@example.com " }))).toMatchObject({
        status: 409,
        code: "23505",
        hint: "log in, or use another address",
      });
    });

    test.each([
      ["a short password", { password: "1234567" }],
      ["a password of 73 bytes", { password: "x".repeat(73) }],
      ["no address", { email: "example.com" }],
      ["a blank name", { name: " " }],
    ])("%s is refused: 400", async (_, change) => {
      const good = { ...account, email: "second@example.com" };
      expect(await ask(anonymous.rpc("register", { ...good, ...change }))).toMatchObject({ status: 400 });
      expect(await api.db.value("select count(*) from api.users where email = $1", [good.email])).toBe(0);
    });

    test("a wrong password and an unknown address are one answer: 401", async () => {
      const third = { email: "third@example.com", password: "long enough" };
      await ask(anonymous.rpc("register", { ...third, name: "Third" }));
      const wrong = await ask(anonymous.rpc("login", { ...third, password: "long enough!" }));
      expect(wrong).toMatchObject({ status: 401, code: "PT401" });
      expect(await ask(anonymous.rpc("login", { ...third, email: "fourth@example.com" }))).toEqual(wrong);
      expect(await ask(anonymous.rpc("login", third))).toMatchObject({ status: 200 });
    });

    test.each(["projects", "tasks", "task_details", "project_stats", "user_profiles"])(
      "%s are for users: 401, and 200 with a token",
      async (table) => {
        expect(await ask(anonymous.from(table).select())).toMatchObject({ status: 401, code: "42501" });
        expect(await ask((await api.as(cast().users.viewer)).from(table).select())).toMatchObject({ status: 200 });
      },
    );

    test("functions of users are not called either: 401", async () => {
      const call = { task_id: cast().task, new_status: "pending" };
      expect(await ask(anonymous.rpc("change_task_status", call))).toMatchObject({ status: 401, code: "42501" });
      const owner = await api.as(cast().users.owner);
      expect(await ask(owner.rpc("change_task_status", call))).toMatchObject({ status: 200 });
    });
  });

  describe("an account", () => {
    test("goes only when its projects have no other members", async () => {
      const password = "long enough";
      const { data } = await ask(anonymous.rpc("register", { email: "leaver@example.com", password, name: "Leaver" }));
      const leaver = api.client((data as { token: string }).token);
      const { data: project } = await ask(leaver.from("projects").insert({ name: "Mine" }).select().single());
      const project_id = (project as { id: number }).id;
      const { email } = cast().users.stranger;
      await ask(leaver.rpc("add_member", { project_id, email, role: "viewer" }));
      const leave = async (given: string) => await ask(leaver.rpc("delete_account", { current_password: given }));
      expect(await leave("wrong password")).toMatchObject({ status: 401 });
      expect(await leave(password)).toMatchObject({ status: 409, code: "PT409" });
      await ask(leaver.from("projects").delete().eq("id", project_id));
      expect(await leave(password)).toMatchObject({ status: 204 });
    });
  });
});
