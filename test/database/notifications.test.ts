import type { Client } from "pg";
import { describe, expect, test } from "vitest";
import { verdict } from "../support/outcome.ts";
import { type User, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();

interface Message {
  readonly operation: string;
  readonly id: number;
  readonly project_id: number;
  readonly status: string;
  readonly at: string;
}

/** The payloads on `task_changes` of what happens in the callback. */
async function payloadsDuring(
  callback: () => Promise<unknown>,
  login: "owner" | "authenticator" = "owner",
): Promise<string[]> {
  const listener = await db.connect(login);
  const payloads: string[] = [];
  listener.on("notification", ({ payload }) => payloads.push(payload ?? ""));
  await listener.query("listen task_changes");
  await callback();
  // Notifications of earlier commits arrive before the answer to a later statement.
  await settle(listener);
  return payloads;
}

async function settle(listener: Client): Promise<void> {
  await listener.query("select 1");
  await listener.query("select 1");
}

async function during(callback: () => Promise<unknown>): Promise<Message[]> {
  return (await payloadsDuring(callback)).map((payload) => JSON.parse(payload) as Message);
}

async function scene(): Promise<{ user: User; project: number }> {
  const { user } = await db.users("user");
  return { user, project: await db.project(user) };
}

describe("each change of a task", () => {
  test("sends operation, id, project, status and time, and nothing else", async () => {
    const { user, project } = await scene();
    let id = 0;
    const messages = await during(async () => {
      id = await db.task(project, { title: "Secret", description: "Secret", created_by: user.id });
      await db.as(user).patch("tasks", { id }, { status: "completed" });
      await db.as(user).patch("tasks", { id }, { title: "Renamed" });
      await db.as(user).delete("tasks", { id });
    });
    expect(messages).toEqual(
      [
        ["INSERT", "pending"],
        ["UPDATE", "completed"],
        ["UPDATE", "completed"],
        ["DELETE", "completed"],
      ].map(([operation, status]) => ({
        operation,
        id,
        project_id: project,
        status,
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      })),
    );
  });

  test("defect 55: deleting 500 tasks in one statement sends 500 messages, with the old values", async () => {
    const { project } = await scene();
    await db.rows(
      "insert into api.tasks (title, project_id, status) select 'T', $1, 'cancelled' from generate_series(1, 500)",
      [project],
    );
    const messages = await during(() => db.rows("delete from api.tasks where project_id = $1", [project]));
    expect(new Set(messages.map(({ id }) => id)).size).toBe(500);
    expect(messages[0]).toMatchObject({ operation: "DELETE", project_id: project, status: "cancelled" });
  });

  test("defect 58: is silent, and leaves updated_at, when nothing really changed", async () => {
    const { user, project } = await scene();
    const id = await db.task(project, { created_by: user.id });
    const before = await db.value("select updated_at from api.tasks where id = $1", [id]);
    const messages = await during(async () => {
      expect(
        verdict(
          await db
            .as(user)
            .sql("PATCH", "update api.tasks set title = title, status = status where id = $1 returning 1", [id]),
        ),
      ).toBe("allowed");
      await db.rows("update api.tasks set description = description where id = $1", [id]);
    });
    expect(messages).toEqual([]);
    expect(await db.value("select updated_at from api.tasks where id = $1", [id])).toBe(before);
  });

  test("that is rolled back is silent", async () => {
    const { user, project } = await scene();
    expect(await during(() => db.attempt(user).post("tasks", { title: "T", project_id: project }))).toEqual([]);
  });

  test("defect 45: a task of the greatest size is written, and its message stays small", async () => {
    const { user, project } = await scene();
    const words = Array.from({ length: 1_200 }, (_, index) => `word${index}`).join(" ");
    const payloads = await payloadsDuring(async () => {
      const big = {
        title: "é".repeat(200),
        description: words.slice(0, 10_000),
        metadata: { blob: "x".repeat(15_000) },
        project_id: project,
      };
      expect(verdict(await db.as(user).post("tasks", big))).toBe("allowed");
    });
    expect(payloads).toHaveLength(1);
    expect(Buffer.byteLength(payloads[0] ?? "")).toBeLessThan(300);
  });

  test("defect 56: whoever may listen hears ids, and no content", async () => {
    const { user, project } = await scene();
    const payloads = await payloadsDuring(
      () => db.task(project, { title: "Top secret", description: "Hush", created_by: user.id }),
      "authenticator",
    );
    expect(payloads).toHaveLength(1);
    expect(new Set(Object.keys(JSON.parse(payloads[0] ?? "") as object))).toEqual(
      new Set(["at", "id", "operation", "project_id", "status"]),
    );
    expect(payloads[0]).not.toMatch(/secret|Hush/);
  });

  test("of a project that goes is told too", async () => {
    const { user, project } = await scene();
    const id = await db.task(project, { created_by: user.id });
    const messages = await during(() => db.as(user).delete("projects", { id: project }));
    expect(messages).toMatchObject([{ operation: "DELETE", id, project_id: project }]);
  });
});
