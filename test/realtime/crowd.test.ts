import { expect, test } from "vitest";
import { type User, useReferenceDatabase } from "../support/reference-database.ts";
import { type Message, type Socket, startService, subscribe, tokenOf } from "./service.ts";

const db = useReferenceDatabase();

const USERS = 25;
const TOKENS_OF_EACH = 4;
const SOCKETS_OF_EACH = 10;
const PROJECTS = 20;
const CHANGES = 1_000;

/** The same for the same seed. */
function makeChance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Crowd {
  readonly users: readonly User[];
  readonly projects: readonly number[];
  /** By user, as the test itself has decided it. */
  readonly memberships: readonly (readonly number[])[];
  /** A project of everybody. */
  readonly common: number;
  /** By user. */
  readonly sockets: readonly (readonly Socket[])[];
}

async function crowd(chance: (below: number) => number): Promise<Crowd> {
  const users = Object.values(await db.users(...Array.from({ length: USERS }, (_, at) => `user${at}`)));
  const { boss } = await db.users("boss");
  const join = async (project: number, members: readonly User[]): Promise<void> => {
    await db.rows(
      "insert into api.project_members (project_id, user_id, role) select $1, unnest($2::bigint[]), 'viewer'",
      [project, members.map(({ id }) => id)],
    );
  };
  const common = await db.project(boss);
  await join(common, users);
  const projects: number[] = [];
  const memberships: number[][] = users.map(() => []);
  for (let count = 0; count < PROJECTS; count += 1) {
    const project = await db.project(boss);
    projects.push(project);
    const members = users.filter((_, at) => {
      if (chance(4) !== 0) return false;
      memberships[at]?.push(project);
      return true;
    });
    await join(project, members);
  }
  const service = await startService(db);
  const sockets = await Promise.all(
    users.map(async (user) => {
      const tokens = await Promise.all(
        Array.from({ length: TOKENS_OF_EACH }, async (_, jti) => await tokenOf(user, { jti: `${jti}` })),
      );
      return await Promise.all(
        tokens.flatMap((token) => Array.from({ length: SOCKETS_OF_EACH }, async () => await subscribe(service, token))),
      );
    }),
  );
  return { users, projects, memberships, common, sockets };
}

/** Inserts, updates and deletes tasks at random; says what became of each, as the test knows it. */
async function changeTasks(
  given: { readonly chance: (below: number) => number; readonly projects: readonly number[]; readonly count: number },
  tasks: Map<number, { readonly project: number; title: string | undefined }>,
): Promise<void> {
  const { chance, projects, count } = given;
  for (let at = 0; at < count; at += 1) {
    const living = [...tasks].filter(([, { title }]) => title !== undefined);
    const [id, task] = living[chance(Math.max(1, living.length))] ?? [];
    const what = task === undefined ? 0 : chance(10);
    const title = `title ${tasks.size} ${at}`;
    if (what < 7 || task === undefined) {
      const project = projects[chance(projects.length)] ?? 0;
      tasks.set(await db.task(project, { title }), { project, title });
    } else if (what < 9) {
      await db.rows("update api.tasks set title = $2 where id = $1", [id, title]);
      task.title = title;
    } else {
      await db.rows("delete from api.tasks where id = $1", [id]);
      task.title = undefined;
    }
  }
}

/** What a socket was told last of each row. */
function lastTold({ messages }: Socket): ReadonlyMap<unknown, Message> {
  return new Map(messages.filter(({ id }) => id !== undefined).map((message) => [message.id, message]));
}

test(
  "of a thousand sockets and a thousand changes, nobody misses what they may see or hears of anything else",
  { timeout: 120_000 },
  async () => {
    const chance = makeChance(7);
    const { users, projects, memberships, common, sockets } = await crowd(chance);
    const everySocket = sockets.flat();
    expect(everySocket).toHaveLength(1_000);
    const tasks = new Map<number, { readonly project: number; title: string | undefined }>();
    await changeTasks({ chance, projects, count: CHANGES / 2 }, tasks);
    // Without a pause, every other member of the first projects is put out.
    const early = new Set(tasks.keys());
    const removed = projects
      .slice(0, 10)
      .flatMap((project) =>
        users.flatMap((user, at) =>
          at % 2 === 0 && memberships[at]?.includes(project) === true ? [{ at, user, project }] : [],
        ),
      );
    expect(removed.length).toBeGreaterThan(20);
    for (const { user, project } of removed)
      await db.rows("delete from api.project_members where project_id = $1 and user_id = $2", [project, user.id]);
    await changeTasks({ chance, projects, count: CHANGES / 2 }, tasks);
    const last = await db.task(common);
    await Promise.all(everySocket.map(async (socket) => await socket.got(({ id }) => id === last)));

    const problems: string[] = [];
    let seen = 0;
    for (const [at, ownSockets] of sockets.entries()) {
      const putOut = new Set(removed.filter((entry) => entry.at === at).map(({ project }) => project));
      for (const socket of ownSockets) {
        const known = lastTold(socket);
        if (socket.messages.some(({ type }) => type === "resync")) problems.push(`user ${at} was told to read again`);
        for (const [id, { project, title }] of tasks) {
          const message = known.get(id);
          const isMember = memberships[at]?.includes(project) === true;
          if (isMember && !putOut.has(project)) {
            seen += 1;
            const isRight = title === undefined ? message?.type === "gone" : message?.record?.["title"] === title;
            if (!isRight)
              problems.push(`user ${at} was told ${JSON.stringify(message)} of task ${id}, which is ${title}`);
          } else if (message !== undefined && !(isMember && early.has(id))) {
            problems.push(`user ${at} heard of task ${id}: ${JSON.stringify(message)}`);
          }
        }
      }
    }
    expect(problems.slice(0, 5)).toEqual([]);
    // The control: there was much to be told.
    expect(seen).toBeGreaterThan(50_000);
  },
);
