import { describe, expect, test } from "vitest";
import { withRequest } from "../../src/db/impersonate.ts";
import { useCast } from "../support/cast.ts";
import { blockedOrDone } from "../support/concurrency.ts";
import { failureOf, type Outcome, rowsOf, verdict } from "../support/outcome.ts";
import { API, type User, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const cast = useCast(db);

const TABLES = ["users", "projects", "project_members", "tasks", "comments"] as const;

async function statusOf(outcome: Promise<Outcome>): Promise<unknown> {
  return verdict(await outcome);
}

async function team(): Promise<{ boss: User; admin: User; helper: User; guest: User; project: number }> {
  const { boss, admin, helper, guest } = await db.users("boss", "admin", "helper", "guest");
  const project = await db.project(boss, { admin: [admin], contributor: [helper], viewer: [guest] });
  return { boss, admin, helper, guest, project };
}

async function ownersWhoAreAdmins(project: number): Promise<number> {
  return await db.value(
    `select count(*) from api.projects as p
     join api.project_members as m on m.project_id = p.id and m.user_id = p.owner_id and m.role = 'admin' where p.id = $1`,
    [project],
  );
}

describe("the owner of a project", () => {
  test("neither leaves nor steps down while they own it, and hears why", async () => {
    const { boss, project } = await team();
    const membership = { project_id: project, user_id: boss.id };
    for (const outcome of [
      await db.as(boss).delete("project_members", membership),
      await db.as(boss).patch("project_members", membership, { role: "viewer" }),
    ]) {
      expect(failureOf(outcome)).toMatchObject({ status: 403, hint: expect.stringContaining("transfer_project") });
    }
  });

  test("hands it over to a member, who is an admin from then on, and may leave", async () => {
    const { boss, guest, project } = await team();
    expect(await statusOf(db.as(boss).rpc("transfer_project", { project_id: project, new_owner_id: guest.id }))).toBe(
      "allowed",
    );
    expect(await db.rows("select owner_id from api.projects where id = $1", [project])).toEqual([
      { owner_id: guest.id },
    ]);
    expect(
      await db.rows("select role from api.project_members where project_id = $1 and user_id = $2", [project, guest.id]),
    ).toEqual([{ role: "admin" }]);
    expect(await statusOf(db.as(boss).rpc("transfer_project", { project_id: project, new_owner_id: boss.id }))).toBe(
      403,
    );
    expect(await statusOf(db.as(boss).delete("project_members", { project_id: project, user_id: boss.id }))).toBe(
      "allowed",
    );
  });

  test("hands it over to members only", async () => {
    const { boss, project } = await team();
    for (const id of [cast().users.stranger.id, cast().missing, null]) {
      expect(
        await statusOf(db.attempt(boss).rpc("transfer_project", { project_id: project, new_owner_id: id })),
      ).toBeOneOf([400, 404]);
    }
  });

  test("defect 20: is there whatever two admins do to each other at the same time", async () => {
    const { boss, admin, helper, project } = await team();
    await db.rows("update api.project_members set role = 'admin' where project_id = $1 and user_id = $2", [
      project,
      helper.id,
    ]);
    const [one, two] = await Promise.all([db.connect("authenticator"), db.connect("authenticator")]);
    const remove = (by: User, whom: User, client: typeof one): Promise<Outcome> =>
      db.as(by, client).delete("project_members", { project_id: project, user_id: whom.id });
    await Promise.all([remove(admin, helper, one), remove(helper, admin, two)]);
    const refused = await Promise.all([remove(admin, boss, one), remove(helper, boss, two)]);
    for (const outcome of refused) expect(verdict(outcome)).not.toBe("allowed");
    expect(
      await db.value("select role from api.project_members where project_id = $1 and user_id = $2", [project, boss.id]),
    ).toBe("admin");
  });

  test("stays a member when a transfer and a removal meet, whoever comes first", async () => {
    for (const first of ["transfer", "removal"] as const) {
      const { boss, admin, project } = await team();
      const [one, two] = await Promise.all([db.connect("authenticator"), db.connect("authenticator")]);
      const transfer = { sql: "select api.transfer_project($1, $2)", values: [project, admin.id] };
      const removal = {
        sql: "delete from api.project_members where project_id = $1 and user_id = $2",
        values: [project, admin.id],
      };
      const [before, after] = first === "transfer" ? [transfer, removal] : [removal, transfer];
      const request = { role: boss.role, claims: boss.claims, method: "POST", path: "/" } as const;
      const overlap = withRequest(one, { api: API, request, end: "commit" }, async (inside) => {
        await inside.query(before.sql, before.values);
        const second = db.as(boss, two).sql("POST", after.sql, after.values);
        await blockedOrDone(db, two, second);
        // In an array: returned by itself it would be waited for, and it waits for this commit.
        return [second];
      });
      await Promise.all(await overlap);
      expect(await ownersWhoAreAdmins(project), `${first} first`).toBe(1);
    }
  });
});

describe("what a client may say of itself", () => {
  test("defect 22: ids are the database's: neither chosen nor taken from the sequence", async () => {
    const { users } = cast();
    for (const table of ["projects", "tasks", "comments"]) {
      expect(
        await db.value("select has_column_privilege('api_user', $1, 'id', 'insert, update')", [`api.${table}`]),
      ).toBe(false);
      expect(
        await db.value("select attidentity from pg_attribute where attrelid = $1::regclass and attname = 'id'", [
          `api.${table}`,
        ]),
      ).toBe("a");
      const outcome = await db
        .attempt(users.owner)
        .sql("POST", `select nextval(pg_get_serial_sequence('api.${table}', 'id'))`);
      expect(outcome).toMatchObject({ sqlState: "42501" });
    }
  });

  test("defect 75: nothing is blank, and nothing is missing that must be there", async () => {
    const { users, project, task } = cast();
    const requests = db.attempt(users.owner);
    for (const blank of ["", "   ", "\n\t", null]) {
      expect(await statusOf(requests.post("tasks", { title: blank, project_id: project }))).toBe(400);
      expect(await statusOf(requests.post("projects", { name: blank }))).toBe(400);
      expect(await statusOf(requests.post("comments", { content: blank, task_id: task }))).toBe(400);
      expect(await statusOf(requests.patch("users", { id: users.owner.id }, { name: blank }))).toBe(400);
    }
    expect(await statusOf(requests.patch("tasks", { id: task }, { due_date: "0001-01-01 BC" }))).toBe(400);
    expect(await statusOf(requests.patch("tasks", { id: task }, { due_date: "infinity" }))).toBe(400);
    const nullable = await db.rows(
      `select attrelid::regclass::text as relation, attname from pg_attribute
       where attrelid::regclass::text = any ($1) and attname = any ('{created_at,updated_at,joined_at,metadata,status}') and not attnotnull`,
      [TABLES.map((table) => `api.${table}`)],
    );
    expect(nullable).toEqual([]);
  });

  test("defect 63: a text that is too long is refused as such", async () => {
    const { users, project, task } = cast();
    const requests = db.attempt(users.owner);
    const huge = "word ".repeat(400_000);
    const limits: [string, Record<string, unknown>, string, number][] = [
      ["projects", {}, "name", 200],
      ["projects", { name: "P" }, "description", 10_000],
      ["tasks", { project_id: project }, "title", 200],
      ["tasks", { project_id: project, title: "T" }, "description", 10_000],
      ["comments", { task_id: task }, "content", 10_000],
    ];
    for (const [table, rest, column, limit] of limits) {
      expect(await statusOf(requests.post(table, { ...rest, [column]: "é".repeat(limit) })), `${table}.${column}`).toBe(
        "allowed",
      );
      expect(
        await statusOf(requests.post(table, { ...rest, [column]: "é".repeat(limit + 1) })),
        `${table}.${column}`,
      ).toBe(400);
      const failure = failureOf(await requests.post(table, { ...rest, [column]: huge }));
      expect(failure, `${table}.${column}`).toMatchObject({ status: 400, sqlState: "23514" });
    }
    expect(
      await statusOf(
        requests.post("tasks", { project_id: project, title: "x", description: `${"x".repeat(3_000)} y` }),
      ),
    ).toBe("allowed");
  });
});

describe("assignees", () => {
  test("defect 27: leave their tasks when they leave the project, also when both happen at once", async () => {
    const { boss, helper, project } = await team();
    const task = await db.task(project, { created_by: boss.id, assigned_to: helper.id });
    await db.as(helper).delete("project_members", { project_id: project, user_id: helper.id });
    expect(await db.rows("select assigned_to, project_id from api.tasks where id = $1", [task])).toEqual([
      { assigned_to: null, project_id: project },
    ]);

    await db.as(boss).rpc("add_member", { project_id: project, email: helper.email, role: "contributor" });
    const [one, two] = await Promise.all([db.connect("owner"), db.connect("authenticator")]);
    await one.query("begin");
    await one.query("delete from api.project_members where project_id = $1 and user_id = $2", [project, helper.id]);
    const assignment = db.as(boss, two).rpc("assign_task", { task_id: task, assignee_id: helper.id });
    await blockedOrDone(db, two, assignment);
    await one.query("commit");
    expect(verdict(await assignment)).toBeOneOf(["allowed", 400, 409]);
    expect(
      await db.value(
        "select count(*) from api.tasks as t where t.id = $1 and t.assigned_to is not null and not exists (select from api.project_members as m where m.project_id = t.project_id and m.user_id = t.assigned_to)",
        [task],
      ),
    ).toBe(0);
  });
});

describe("updated_at", () => {
  const read = async (task: number): Promise<string> =>
    await db.value("select updated_at::text from api.tasks where id = $1", [task]);

  test("moves with every real change, of projects, tasks and comments", async () => {
    const { boss, project } = await team();
    const task = await db.task(project, { created_by: boss.id });
    const comment = await db.comment(task, boss);
    for (const [table, id, body] of [
      ["projects", project, { description: "New" }],
      ["tasks", task, { metadata: { a: 1 } }],
      ["comments", comment, { content: "New" }],
    ] as const) {
      const before = await db.value<string>(`select updated_at::text from api.${table} where id = $1`, [id]);
      expect(await statusOf(db.as(boss).patch(table, { id }, body))).toBe("allowed");
      const after = await db.value<string>(`select updated_at::text from api.${table} where id = $1`, [id]);
      expect(after > before, table).toBe(true);
      await db.as(boss).patch(table, { id }, body);
      expect(await db.value(`select updated_at::text from api.${table} where id = $1`, [id]), table).toBe(after);
    }
  });

  test("defect 76: never goes back, whoever began first", async () => {
    const { boss, project } = await team();
    const task = await db.task(project, { created_by: boss.id });
    const first = await db.connect("owner");
    await first.query("begin; select now()");
    await db.as(boss).patch("tasks", { id: task }, { title: "Second to begin, first to write" });
    const between = await read(task);
    await first.query("update api.tasks set title = 'First to begin' where id = $1", [task]);
    await first.query("commit");
    expect((await read(task)) > between).toBe(true);
  });

  test("defect 30: can be the condition of a change, so that nobody overwrites what they have not seen", async () => {
    const { boss, helper, project } = await team();
    const id = await db.task(project, { created_by: boss.id });
    const [seen] = await db.rows<{ updated_at: string }>("select updated_at from api.tasks where id = $1", [id]);
    expect(await statusOf(db.as(boss).patch("tasks", { id, updated_at: seen?.updated_at }, { title: "First" }))).toBe(
      "allowed",
    );
    expect(
      await statusOf(db.as(helper).patch("tasks", { id, updated_at: seen?.updated_at }, { title: "Second" })),
    ).toBe("filtered");
  });
});

describe("secrets of people", () => {
  test("defect 23: no API role reads a password or its hash anywhere, and ids of strangers bring nobody closer", async () => {
    expect(
      await db.rows(
        `select a.attrelid::regclass::text as relation, a.attname, r.rolname
         from pg_attribute as a join pg_class as c on c.oid = a.attrelid cross join pg_roles as r
         where a.attname ~ '(password|hash|secret)' and c.relkind in ('r', 'v', 'm') and c.relnamespace::regnamespace::text = any ('{api,auth,stats,internal}')
           and r.rolname = any ('{api_anonymous,api_user,authenticator}') and has_column_privilege(r.oid, c.oid, a.attnum, 'select, insert, update')`,
      ),
    ).toEqual([]);
    expect(
      await db.value(
        "select count(*) from pg_attribute where attrelid = 'auth.credentials'::regclass and attname = 'password_hash'",
      ),
    ).toBe(1);
    const { boss } = await db.users("boss");
    const project = await db.project(boss);
    for (const { id } of Object.values(cast().users)) {
      expect(
        await statusOf(db.as(boss).post("project_members", { project_id: project, user_id: id, role: "viewer" })),
      ).toBe("refused");
    }
    expect(rowsOf(await db.as(boss).get("users", {}, "id"))).toEqual([{ id: boss.id }]);
  });
});
