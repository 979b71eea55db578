import { expect, test } from "vitest";
import { type Client, dataOf, describeApi } from "./api.ts";

interface Project {
  readonly id: number;
}
interface Task {
  readonly id: number;
  readonly status: string;
  readonly metadata: { readonly tags?: readonly string[] };
}

/** Registers as the article does, and reads one's own id from the token. */
async function register(client: Client, name: string) {
  const account = { email: `${name.toLowerCase()}@example.com`, password: "securepassword" };
  const { token } = await dataOf<{ token: string }>(client.rpc("register", { ...account, name }));
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as {
    user_id: number;
  };
  return { ...account, name, token, id: claims.user_id };
}

describeApi("the walk of the article", (api) => {
  test("from registering to the statistics, each request of it works", async () => {
    const anonymous = api.client();
    const olga = await register(anonymous, "Olga");
    const carl = await register(anonymous, "Carl");
    const login = await dataOf<{ token: string }>(
      anonymous.rpc("login", { email: " OLGA@example.com", password: olga.password }),
    );
    const user = api.client(login.token);

    const project = await dataOf<Project>(
      user
        .from("projects")
        .insert({ name: "My First Project", description: "A test project", owner_id: olga.id })
        .select()
        .single(),
    );
    expect(project).toMatchObject({ name: "My First Project", owner_id: olga.id });

    const task = await dataOf<Task>(
      user
        .from("tasks")
        .insert({
          title: "Important Task",
          description: "This needs to be done",
          project_id: project.id,
          created_by: olga.id,
        })
        .select()
        .single(),
    );
    expect(task).toMatchObject({ title: "Important Task", status: "pending", created_by: olga.id, metadata: {} });

    const comment = { content: "This is a comment", task_id: task.id, user_id: olga.id };
    const [commented] = await dataOf<unknown[]>(user.from("comments").insert(comment).select());
    expect(commented).toMatchObject({ ...comment, project_id: project.id });

    // The filter that the article writes: ?project_id=eq.1&status=eq.pending
    const filtered = user.from("task_details").select().eq("project_id", project.id).eq("status", "pending");
    expect(await dataOf(filtered)).toEqual([
      expect.objectContaining({
        id: task.id,
        project_name: "My First Project",
        creator_name: "Olga",
        assignee_name: null,
        comment_count: 1,
      }),
    ]);

    await dataOf(user.rpc("add_member", { project_id: project.id, email: carl.email, role: "contributor" }));
    const assigned = await dataOf<Task>(user.rpc("assign_task", { task_id: task.id, assignee_id: carl.id }));
    expect(assigned).toMatchObject({ id: task.id, assigned_to: carl.id, assignee_name: "Carl" });

    const listener = await api.db.connect("owner");
    const heard = new Promise<string>((resolve) => {
      listener.on("notification", ({ payload }) => resolve(payload ?? ""));
    });
    await listener.query("listen task_changes");
    const moved = await dataOf<Task>(
      api.client(carl.token).rpc("change_task_status", { task_id: task.id, new_status: "in_progress" }),
    );
    expect(moved).toMatchObject({ id: task.id, status: "in_progress" });
    expect(JSON.parse(await heard)).toMatchObject({
      operation: "UPDATE",
      id: task.id,
      project_id: project.id,
      status: "in_progress",
    });

    expect(await dataOf(filtered)).toEqual([]);
    expect(await dataOf(user.rpc("search_tasks", { search_query: "important" }))).toEqual([
      expect.objectContaining({ id: task.id, comment_count: 1 }),
    ]);

    await dataOf(user.rpc("add_task_tag", { task_id: task.id, tag: "urgent" }));
    const tagged = await dataOf<Task>(user.rpc("add_task_tag", { task_id: task.id, tag: "backend" }));
    expect(tagged.metadata).toEqual({ tags: ["backend", "urgent"] });
    expect(await dataOf(user.rpc("find_tasks", { metadata_filter: { tags: ["urgent"] } }))).toEqual([
      expect.objectContaining({ id: task.id }),
    ]);

    const changed = user.from("tasks").update({ status: "completed" }).eq("id", task.id);
    expect((await changed).status).toBe(204);
    expect(await dataOf(user.from("project_stats").select())).toEqual([
      { project_id: project.id, name: "My First Project", total_tasks: 1, completed_tasks: 1, member_count: 2 },
    ]);
    expect(await dataOf(user.from("project_details").select())).toEqual([
      expect.objectContaining({ id: project.id, owner_name: "Olga", task_count: 1, completed_task_count: 1 }),
    ]);
    expect(await dataOf(user.from("user_profiles").select("id,name,email").order("id"))).toEqual([
      { id: olga.id, name: "Olga", email: "olga@example.com" },
      { id: carl.id, name: "Carl", email: null },
    ]);
  });

  test("what the article sends with the caller's own number is kept, and may be left out", async () => {
    const { token, id } = await register(api.client(), "Nora");
    const user = api.client(token);
    const project = await dataOf<Project>(user.from("projects").insert({ name: "Short" }).select().single());
    const task = await dataOf<Task>(
      user.from("tasks").insert({ title: "Shorter", project_id: project.id }).select().single(),
    );
    const [comment] = await dataOf<unknown[]>(
      user.from("comments").insert({ content: "Shortest", task_id: task.id }).select(),
    );
    expect([project, task, comment]).toMatchObject([{ owner_id: id }, { created_by: id }, { user_id: id }]);
  });

  test("a page is ordered and limited", async () => {
    const { token } = await register(api.client(), "Paula");
    const user = api.client(token);
    const { id } = await dataOf<Project>(user.from("projects").insert({ name: "Pages" }).select().single());
    for (const title of ["first", "second", "third"]) {
      expect((await user.from("tasks").insert({ title, project_id: id })).status).toBe(201);
    }
    const page = user.from("tasks").select("title").eq("project_id", id).order("id", { ascending: false }).limit(2);
    expect(await dataOf(page)).toEqual([{ title: "third" }, { title: "second" }]);
  });
});
