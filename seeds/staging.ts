// Staging data: as much as one asks for, in the shapes that real use has, and the same for the same --seed-value and
// --date. `npx tm-db seed staging --scale 10` makes 10,000 users, 10,000 projects, a million tasks and two million
// comments. Everybody's password is known, so never for a server that others reach.
//
// Triggers are off while it loads: whoever owns a project is put among its members here, the figures are recounted
// afterwards (`recount` in tm-db.config.json), and nobody wants a million messages.
import type { Seed, SeedContext, SeedRow, SeedTable } from "tm-db/seeding";
import { below, chanceOf, skewed } from "./_chance.ts";
import { birthOf, CALLERS, makeTeams, type Sizes, type Teams } from "./_teams.ts";
import { makeWriter, type Writer } from "./_words.ts";

const PASSWORD = "correct horse battery";
/** Its bcrypt hash, made once: hashing is slow on purpose. */
const PASSWORD_HASH = "$2a$10$retMQ5b7s1m8IjJ.dvr.9usuCiCqCP1uZdcSguFt8UGHThoYO.Lba";

const DAY = 24 * 60 * 60 * 1000;
const TASK_DAYS = 730;
/** Comments are dealt out within groups of so many tasks. */
const GROUP = 1000;

export const seed: Seed = async (context) => {
  const { scale, seedValue, faker, firstId } = context;
  if (scale < 0.02 || scale > 100) throw new RangeError("--scale must be from 0.02 to 100");
  const sizes: Sizes = {
    users: Math.round(1000 * scale),
    projects: Math.round(1000 * scale),
    tasks: Math.round(100_000 * scale),
    comments: 2 * Math.round(100_000 * scale),
  };
  const first = {
    user: await firstId("api.users"),
    project: await firstId("api.projects"),
    task: await firstId("api.tasks"),
    comment: await firstId("api.comments"),
  };
  const staging = new Staging(context, { sizes, first, teams: makeTeams(sizes, seedValue), writer: makeWriter(faker) });
  return {
    tables: staging.tables(),
    accounts: CALLERS.map((name, user) => ({ email: staging.email(user), password: PASSWORD, projects: name })),
  };
};

interface World {
  readonly sizes: Sizes;
  /** The numbers that the first row of each table gets. */
  readonly first: Readonly<Record<"user" | "project" | "task" | "comment", number>>;
  readonly teams: Teams;
  readonly writer: Writer;
}

class Staging {
  readonly #context: SeedContext;
  readonly #world: World;
  readonly #names: readonly (readonly [string, string])[];
  /** When the first task was created, in milliseconds since 1970; the last one was at `#end`. */
  readonly #start: number;
  readonly #end: number;

  constructor(context: SeedContext, world: World) {
    this.#context = context;
    this.#world = world;
    this.#end = context.date.getTime();
    this.#start = this.#end - TASK_DAYS * DAY;
    const { faker } = context;
    this.#names = Array.from({ length: 1000 }, () => [faker.person.firstName(), faker.person.lastName()] as const);
  }

  tables(): SeedTable[] {
    const { sizes, teams } = this.#world;
    const triggers = "off";
    const users = ["id", "email", "name", "created_at"];
    const projects = ["id", "name", "description", "owner_id", "created_at", "updated_at"];
    const members = ["project_id", "user_id", "role", "joined_at"];
    const tasks = ["id", "title", "description", "status", "due_date", "project_id", "assigned_to", "created_by"];
    const written = ["created_at", "updated_at"];
    const comments = ["id", "content", "task_id", "project_id", "user_id", ...written];
    return [
      { table: "api.users", columns: users, count: sizes.users, rows: this.#users(), triggers },
      {
        table: "auth.credentials",
        columns: ["user_id", "password_hash"],
        count: sizes.users,
        rows: this.#credentials(),
        triggers,
      },
      { table: "api.projects", columns: projects, count: sizes.projects, rows: this.#projects(), triggers },
      { table: "api.project_members", columns: members, count: teams.memberships, rows: this.#members(), triggers },
      {
        table: "api.tasks",
        columns: [...tasks, "metadata", ...written],
        count: sizes.tasks,
        rows: this.#tasks(),
        triggers,
      },
      { table: "api.comments", columns: comments, count: sizes.comments, rows: this.#comments(), triggers },
    ];
  }

  email(user: number): string {
    const id = this.#world.first.user + user;
    const caller = CALLERS[user];
    if (caller !== undefined) return `${caller}.${id}@example.com`;
    const [given, family] = this.#name(user);
    return `${`${given}.${family}`.toLowerCase().replaceAll(/[^a-z.]/g, "")}.${id}@example.com`;
  }

  #name(user: number): readonly [string, string] {
    const chance = chanceOf(this.#context.seedValue, "name", user);
    const [given] = this.#names[below(this.#names.length, chance)] ?? ["", ""];
    const [, family] = this.#names[below(this.#names.length, chance)] ?? ["", ""];
    return [given, family];
  }

  *#users(): Generator<SeedRow> {
    const { sizes, first } = this.#world;
    for (let user = 0; user < sizes.users; user += 1) {
      const since = this.#start - (1 - user / sizes.users) * 365 * DAY;
      yield [first.user + user, this.email(user), this.#name(user).join(" "), stamp(since)];
    }
  }

  *#credentials(): Generator<SeedRow> {
    const { sizes, first } = this.#world;
    for (let user = 0; user < sizes.users; user += 1) yield [first.user + user, PASSWORD_HASH];
  }

  #projectStart(project: number): number {
    return this.#start + birthOf(project, this.#world.sizes.projects) * TASK_DAYS * DAY - DAY;
  }

  *#projects(): Generator<SeedRow> {
    const { sizes, first, teams, writer } = this.#world;
    for (let project = 0; project < sizes.projects; project += 1) {
      const chance = chanceOf(this.#context.seedValue, "project", project);
      const since = stamp(this.#projectStart(project));
      const owner = first.user + teams.member(project, 0);
      const about = below(5, chance) === 0 ? null : writer.text(1 + below(2, chance), chance);
      yield [first.project + project, writer.title(chance), about, owner, since, since];
    }
  }

  *#members(): Generator<SeedRow> {
    const { sizes, first, teams } = this.#world;
    for (let project = 0; project < sizes.projects; project += 1) {
      const since = stamp(this.#projectStart(project));
      for (let place = 0; place < teams.size(project); place += 1) {
        yield [first.project + project, first.user + teams.member(project, place), teams.role(project, place), since];
      }
    }
  }

  /** More and more tasks a day: the later half of the time has three quarters of them. */
  #passed(task: number): number {
    return Math.sqrt(task / this.#world.sizes.tasks);
  }

  #taskStart(task: number): number {
    return this.#start + this.#passed(task) * TASK_DAYS * DAY;
  }

  #projectOf(task: number): number {
    const { sizes, teams } = this.#world;
    const quarter = Math.floor(sizes.tasks / 4);
    // The project of somebody who has one.
    if (task > 0 && task % quarter === 0 && task <= 3 * quarter) return 0;
    return teams.projectAt(this.#passed(task), chanceOf(this.#context.seedValue, "task's project", task)());
  }

  *#tasks(): Generator<SeedRow> {
    const { sizes, first, teams, writer } = this.#world;
    for (let task = 0; task < sizes.tasks; task += 1) {
      const chance = chanceOf(this.#context.seedValue, "task", task);
      const project = this.#projectOf(task);
      const since = this.#taskStart(task);
      const age = (this.#end - since) / (TASK_DAYS * DAY);
      const changed = since + skewed(this.#end - since, chance);
      const due = below(3, chance) === 0 ? null : stamp(since + below(90, chance) * DAY);
      const assignee =
        below(5, chance) < 2 ? null : first.user + teams.member(project, skewed(teams.size(project), chance));
      yield [
        first.task + task,
        writer.title(chance),
        below(5, chance) === 0 ? null : writer.text(1 + skewed(5, chance), chance),
        statusOf(age, chance()),
        due,
        first.project + project,
        assignee,
        first.user + teams.member(project, skewed(teams.writers(project), chance)),
        metadata(writer.tags(chance), below(14, chance)),
        stamp(since),
        stamp(changed),
      ];
    }
  }

  *#comments(): Generator<SeedRow> {
    const { sizes, first, teams, writer } = this.#world;
    let id = first.comment;
    for (let start = 0; start < sizes.tasks; start += GROUP) {
      const tasks = Math.min(GROUP, sizes.tasks - start);
      for (const [place, count] of this.#shares(start, tasks).entries()) {
        const task = start + place;
        const chance = chanceOf(this.#context.seedValue, "comments", task);
        const project = this.#projectOf(task);
        let written = this.#taskStart(task);
        for (let number = 0; number < count; number += 1) {
          written += skewed(this.#end - written, chance);
          const at = stamp(written);
          yield [
            id,
            writer.text(1 + skewed(4, chance), chance),
            first.task + task,
            first.project + project,
            first.user + teams.member(project, below(teams.writers(project), chance)),
            at,
            at,
          ];
          id += 1;
        }
      }
    }
  }

  /** Two comments a task, dealt out unevenly: most have none, and a few very many. */
  #shares(start: number, tasks: number): Uint32Array {
    const shares = new Uint32Array(tasks);
    const chance = chanceOf(this.#context.seedValue, "shares", start);
    for (let comment = 0; comment < 2 * tasks; comment += 1) {
      const place = (skewed(tasks, chance) * 577) % tasks;
      shares[place] = (shares[place] ?? 0) + 1;
    }
    return shares;
  }
}

/** Old tasks are mostly done. `age` from 0 to 1. */
function statusOf(age: number, share: number): string {
  if (share < 0.06) return "cancelled";
  if (share < 0.25 + 0.7 * age) return "completed";
  return share > 0.9 ? "in_progress" : "pending";
}

function metadata(tags: readonly string[], estimate: number): SeedRow[number] {
  return { ...(tags.length > 0 ? { tags } : {}), ...(estimate > 0 ? { estimate } : {}) };
}

/** Milliseconds since 1970 as PostgreSQL reads them. */
function stamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
