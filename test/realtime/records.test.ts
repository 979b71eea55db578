import { describe, expect, test } from "vitest";
import { anonymous, type User, useReferenceDatabase } from "../support/reference-database.ts";
import { type Message, type Service, type Socket, startService, subscribe, told, tokenOf } from "./service.ts";

const db = useReferenceDatabase();

interface Scene {
  readonly service: Service;
  readonly users: Readonly<Record<"owner" | "viewer" | "outsider", User>>;
  readonly project: number;
  readonly sockets: Readonly<Record<"owner" | "viewer" | "outsider", Socket>>;
}

/** A project of an owner and a viewer, and somebody with a project of their own; all of them listen. */
async function scene(limits: Parameters<typeof startService>[1] = {}): Promise<Scene> {
  const users = await db.users("owner", "viewer", "outsider");
  const project = await db.project(users.owner, { viewer: [users.viewer] });
  const service = await startService(db, limits);
  const [owner, viewer, outsider] = await Promise.all(
    [users.owner, users.viewer, users.outsider].map(async (user) => await subscribe(service, await tokenOf(user))),
  );
  if (owner === undefined || viewer === undefined || outsider === undefined) throw new Error("no sockets");
  return { service, users, project, sockets: { owner, viewer, outsider } };
}

/**
 * Waits until everything before now has been told: everybody sees a change in a project that all of them are members of.
 */
async function settled(
  { users, sockets }: Pick<Scene, "users" | "sockets">,
  among: readonly Socket[] = Object.values(sockets),
): Promise<void> {
  const project = await db.project(users.outsider, { viewer: [users.owner, users.viewer] });
  const id = await db.task(project);
  await Promise.all(among.map(async (socket) => await socket.got((message) => message.id === id)));
  for (const socket of among)
    socket.messages.splice(0, socket.messages.length, ...socket.messages.filter((message) => message.id !== id));
}

describe("a change", () => {
  test("is told to those who may see the record, as they see it, and to nobody else", async () => {
    const { service, users, project, sockets } = await scene();
    const other = await subscribe(service, await tokenOf(users.viewer));
    const foreign = await db.project(users.outsider);
    const id = await db.task(project, { title: 'Théâtre "1"', created_by: users.owner.id });
    const foreignId = await db.task(foreign, { title: "Not theirs" });
    await settled({ users, sockets }, [...Object.values(sockets), other]);
    for (const socket of [sockets.owner, sockets.viewer, other]) expect(told(socket)).toEqual([["INSERT", id]]);
    expect(told(sockets.outsider)).toEqual([["INSERT", foreignId]]);
    const record = sockets.viewer.messages.find((message) => message.type === "change")?.record;
    const outcome = await db.as(users.viewer).get("task_details", { id });
    expect(outcome).toMatchObject({ kind: "rows" });
    const [row] = outcome.kind === "rows" ? outcome.rows : [];
    expect(Object.keys(record ?? {})).toEqual(Object.keys(row ?? {}));
    expect(record).toMatchObject({
      id,
      title: 'Théâtre "1"',
      project_name: "Project",
      creator_name: "owner",
      comment_count: 0,
    });
  });

  test("is told as it is now, once for several of one row, and in the order in which rows last changed", async () => {
    const { users, project, sockets } = await scene();
    const [first, second] = [await db.task(project), await db.task(project)];
    await settled({ users, sockets });
    expect(told(sockets.owner)).toEqual([
      ["INSERT", first],
      ["INSERT", second],
    ]);
    await db.rows("begin");
    for (const title of ["a", "b", "c"]) await db.rows("update api.tasks set title = $2 where id = $1", [first, title]);
    await db.rows("update api.tasks set title = 'd' where id = $1", [second]);
    const third = await db.task(project, { title: "new" });
    await db.rows("update api.tasks set title = 'newer' where id = $1", [third]);
    await db.rows("update api.tasks set title = 'e' where id = $1", [first]);
    await db.rows("commit");
    await sockets.owner.got(({ record }) => record?.["title"] === "e");
    expect(told(sockets.owner).slice(2)).toEqual([
      ["UPDATE", second],
      ["INSERT", third],
      ["UPDATE", first],
    ]);
    expect(sockets.owner.messages.filter(({ id }) => id === third)).toMatchObject([{ record: { title: "newer" } }]);
  });

  test("of a transaction that is rolled back is not told", async () => {
    const { users, project, sockets } = await scene();
    await db.rows("begin");
    await db.task(project);
    await db.rows("rollback");
    await settled({ users, sockets });
    expect(told(sockets.owner)).toEqual([]);
  });

  test("is not told any more to a member who was removed", async () => {
    const { users, project, sockets } = await scene();
    const id = await db.task(project);
    await sockets.viewer.got((message) => message.id === id);
    await db.rows("delete from api.project_members where project_id = $1 and user_id = $2", [project, users.viewer.id]);
    await db.rows("update api.tasks set title = 'After' where id = $1", [id]);
    await db.rows("delete from api.tasks where id = $1", [id]);
    await settled({ users, sockets });
    expect(told(sockets.viewer)).toEqual([["INSERT", id]]);
    // The control: whoever stayed hears of both, as one since they came together, or as two.
    expect(told(sockets.owner).at(-1)).toEqual(["gone", id]);
  });

  test("is told at once to a member who was added", async () => {
    const { users, project, sockets } = await scene();
    const id = await db.task(project);
    await settled({ users, sockets });
    expect(told(sockets.outsider)).toEqual([]);
    await db.rows("insert into api.project_members (project_id, user_id, role) values ($1, $2, 'viewer')", [
      project,
      users.outsider.id,
    ]);
    await db.rows("update api.tasks set title = 'Welcome' where id = $1", [id]);
    const message = await sockets.outsider.got((found) => found.id === id);
    expect(message).toMatchObject({ operation: "UPDATE", record: { title: "Welcome" } });
  });
});

describe("a row that is gone", () => {
  test("is told, by its id alone, to those who see the project, also if they were never sent it", async () => {
    const { users, project, sockets, service } = await scene();
    const id = await db.task(project);
    await settled({ users, sockets });
    const late = await subscribe(service, await tokenOf(users.viewer, { jti: "late" }));
    await db.rows("delete from api.tasks where id = $1", [id]);
    await settled({ users, sockets }, [...Object.values(sockets), late]);
    expect(told(late)).toEqual([["gone", id]]);
    expect(late.messages.find(({ type }) => type === "gone")).toEqual({ type: "gone", channel: "task_changes", id });
    expect(told(sockets.owner)).toEqual([
      ["INSERT", id],
      ["gone", id],
    ]);
    expect(told(sockets.outsider)).toEqual([]);
  });

  test("out of sight, since it moved, is gone for those who were sent it, and new for the others", async () => {
    const { users, project, sockets } = await scene();
    const id = await db.task(project);
    await settled({ users, sockets });
    const elsewhere = await db.project(users.outsider);
    await db.rows("update api.tasks set project_id = $2 where id = $1", [id, elsewhere]);
    await settled({ users, sockets });
    expect(told(sockets.owner)).toEqual([
      ["INSERT", id],
      ["gone", id],
    ]);
    expect(told(sockets.outsider)).toEqual([["UPDATE", id]]);
  });

  test("with its project is not told: nobody can be shown to have known it", async () => {
    const { users, project, sockets } = await scene();
    const id = await db.task(project);
    await settled({ users, sockets });
    await db.as(users.owner).delete("projects", { id: project });
    await settled({ users, sockets });
    expect(told(sockets.owner)).toEqual([["INSERT", id]]);
    expect(await db.value<number>("select count(*) from api.tasks where id = $1", [id])).toBe(0);
  });
});

describe("a message of NOTIFY", () => {
  test("that lies tells nobody what they may not see", async () => {
    const { users, project, sockets } = await scene();
    const id = await db.task(project);
    await settled({ users, sockets });
    const forge = async (message: unknown): Promise<unknown> =>
      await db.rows("select pg_notify('task_changes', $1)", [JSON.stringify(message)]);
    const [own] = await db.rows<{ id: number }>("select id from api.projects where owner_id = $1", [users.outsider.id]);
    await forge({ operation: "UPDATE", id, project_id: own?.id });
    await forge({ operation: "INSERT", id: String(id) });
    await settled({ users, sockets });
    expect(told(sockets.outsider)).toEqual([]);
    expect(told(sockets.owner).slice(1)).not.toEqual([]);
  });

  test("that cannot be understood is reported, not obeyed, and disturbs nothing", async () => {
    const { service, users, project, sockets } = await scene();
    const payloads = [
      "",
      "x",
      "[]",
      "null",
      '{"operation":"UPDATE"}',
      '{"operation":"UPDATE","id":"1; drop"}',
      '{"operation":"UPDATE","id":9007199254740993}',
      '{"operation":"UPDATE","id":99999999999999999999}',
      '{"operation":"DROP","id":1}',
      '{"operation":"UPDATE","id":{"a":1}}',
    ];
    for (const payload of payloads) await db.rows("select pg_notify('task_changes', $1)", [payload]);
    const id = await db.task(project);
    await sockets.owner.got((message) => message.id === id);
    await settled({ users, sockets });
    expect(told(sockets.owner)).toEqual([["INSERT", id]]);
    // Once, however many there are.
    expect(service.events.filter(({ kind }) => kind === "realtime-trouble")).toHaveLength(1);
  });

  test("that says TRUNCATE has everybody read again", async () => {
    const { users, sockets } = await scene();
    await db.rows(`select pg_notify('task_changes', '{"operation":"TRUNCATE"}')`);
    await settled({ users, sockets });
    const resyncs = (socket: Socket): Message[] => socket.messages.filter(({ type }) => type === "resync");
    expect(resyncs(sockets.outsider)).toEqual([{ type: "resync", channel: "task_changes" }]);
  });
});

test("a role that may not read the relation gets no subscription", async () => {
  const { service } = await scene();
  const claims = await tokenOf(anonymous);
  await expect(subscribe(service, claims)).rejects.toThrow("4403");
});
