import { describe, expect, test } from "vitest";
import { type Cast, PERSONAS, type PersonaName, useCast } from "../support/cast.ts";
import { type Outcome, type Verdict, verdict } from "../support/outcome.ts";
import { type Requests, useReferenceDatabase } from "../support/reference-database.ts";

const db = useReferenceDatabase();
const cast = useCast(db);

const ADMINS = ["owner", "admin"] as const;
const WRITERS = ["owner", "admin", "contributor", "author"] as const;
const MEMBERS = [...WRITERS, "retired", "viewer", "assignee"] as const;
const PEOPLE = [...MEMBERS, "outsider", "stranger", "neighbour"] as const;
const ROLES = ["owner", "author", "viewer", "stranger", "revoked", "word as claim", "anonymous"] as const;
const OWNERS_OF_SOMETHING = ["owner", "outsider", "neighbour"] as const;

interface Rule {
  readonly title: string;
  /** Who may. Empty for what nobody may. */
  readonly may: readonly PersonaName[];
  /** How it ends for the others, when not by a missing privilege or by the token. */
  readonly otherwise: Verdict;
  readonly except?: Partial<Record<PersonaName, Verdict>>;
  /** Who tries, if not everybody: a missing privilege is the same for all who have the role. */
  readonly among?: readonly PersonaName[];
  /** For what PostgreSQL refuses before it asks who is there. */
  readonly always?: Verdict;
  readonly attempt: (requests: Requests, cast: Cast, name: PersonaName) => Promise<Outcome>;
}

/** Without a token nobody has any privilege; with a dead one `auth.pre_request` answers first. */
function expected(rule: Rule, name: PersonaName): Verdict {
  if (name === "deleted" || name === "revoked") return 401;
  if (rule.always !== undefined) return rule.always;
  if (name === "anonymous") return "no privilege";
  return rule.may.includes(name) ? "allowed" : (rule.except?.[name] ?? rule.otherwise);
}

function check(rules: readonly Rule[]): void {
  test.each(rules.map((rule) => [rule.title, rule] as const))("%s", async (_, rule) => {
    const names = rule.among ?? PERSONAS;
    const actual: Record<string, Verdict> = {};
    for (const name of names) {
      actual[name] = verdict(await rule.attempt(db.attempt(cast().personas[name]), cast(), name));
    }
    expect(actual).toEqual(Object.fromEntries(names.map((name) => [name, expected(rule, name)])));
  });
}

/** A user's own id; for those without an account, the viewer's. */
function ownId({ users }: Cast, name: PersonaName): number {
  return name in users ? users[name as keyof typeof users].id : users.viewer.id;
}

/** Columns that take no value from anybody, the owner included. */
const GENERATED: ReadonlySet<string> = new Set(["id", "search_vector"]);

/** One rule for each column that nobody may update, whatever the value. */
function fixedColumns(
  table: string,
  filter: (cast: Cast) => Record<string, unknown>,
  columns: Readonly<Record<string, unknown>>,
): Rule[] {
  return Object.entries(columns).map(([column, value]) => ({
    title: `nobody may set ${table}.${column}`,
    may: [],
    among: ROLES,
    otherwise: "no privilege",
    ...(GENERATED.has(column) ? { always: 400 } : {}),
    attempt: (requests, given) => requests.patch(table, filter(given), { [column]: value }),
  }));
}

describe("users", () => {
  check([
    {
      title: "everybody sees their own row",
      may: PEOPLE,
      otherwise: "filtered",
      attempt: (requests, given, name) => requests.get("users", { id: ownId(given, name) }, "id, name, created_at"),
    },
    {
      title: "people who share a project see each other",
      may: [...MEMBERS, "neighbour"],
      otherwise: "filtered",
      attempt: (requests, { users }) => requests.get("users", { id: users.viewer.id }, "id, name, created_at"),
    },
    {
      title: "nobody sees somebody who shares no project with them",
      may: ["stranger"],
      otherwise: "filtered",
      attempt: (requests, { users }) => requests.get("users", { id: users.stranger.id }, "id, name"),
    },
    {
      title: "nobody reads e-mail addresses from the table, not even their own",
      may: [],
      otherwise: "no privilege",
      attempt: (requests, given, name) => requests.get("users", { id: ownId(given, name) }, "email"),
    },
    {
      title: "nobody inserts users: that is what register is for",
      may: [],
      otherwise: "no privilege",
      attempt: (requests) => requests.post("users", { name: "New", email: "new@example.com" }),
    },
    {
      title: "everybody may change their own name",
      may: PEOPLE,
      otherwise: "filtered",
      attempt: (requests, given, name) =>
        requests.patch("users", { id: ownId(given, name) }, { name: "Renamed" }, "id, name"),
    },
    {
      title: "nobody may change another's name, their own project's members included",
      may: ["viewer"],
      otherwise: "filtered",
      attempt: (requests, { users }) => requests.patch("users", { id: users.viewer.id }, { name: "Renamed" }),
    },
    {
      title: "nobody deletes users",
      may: [],
      otherwise: "no privilege",
      attempt: (requests, given, name) => requests.delete("users", { id: ownId(given, name) }),
    },
    ...fixedColumns("users", ({ users }) => ({ id: users.viewer.id }), {
      id: 5,
      email: "x@example.com",
      created_at: "2020-01-01",
    }),
  ]);
});

describe("projects", () => {
  check([
    {
      title: "members see a project",
      may: MEMBERS,
      otherwise: "filtered",
      attempt: (requests, { project }) => requests.get("projects", { id: project }),
    },
    {
      title: "any user makes a project, and owns it",
      may: PEOPLE,
      otherwise: "refused",
      attempt: (requests) => requests.post("projects", { name: "Mine", description: "New" }),
    },
    {
      title: "any user may say that they are the owner",
      may: PEOPLE,
      otherwise: "refused",
      attempt: (requests, given, name) => requests.post("projects", { name: "Mine", owner_id: ownId(given, name) }),
    },
    {
      title: "nobody makes a project that somebody else owns",
      may: ["neighbour"],
      otherwise: "refused",
      attempt: (requests, { users }) => requests.post("projects", { name: "Yours", owner_id: users.neighbour.id }),
    },
    {
      title: "owner and admin rename and describe a project",
      may: ADMINS,
      otherwise: "filtered",
      attempt: (requests, { project }) =>
        requests.patch("projects", { id: project }, { name: "Gemini", description: "Two seats" }, "id, name"),
    },
    {
      title: "only the owner deletes a project",
      may: ["owner"],
      otherwise: "filtered",
      attempt: (requests, { project }) => requests.delete("projects", { id: project }),
    },
    ...fixedColumns("projects", ({ project }) => ({ id: project }), {
      id: 5,
      owner_id: 5,
      created_at: "2020-01-01",
      updated_at: "2020-01-01",
    }),
    ...["id", "created_at", "updated_at"].map((column): Rule => ({
      title: `nobody chooses a new project's ${column}`,
      may: [],
      among: ROLES,
      otherwise: "no privilege",
      ...(GENERATED.has(column) ? { always: 400 } : {}),
      attempt: (requests) =>
        requests.post("projects", { name: "Mine", [column]: column === "id" ? 424_242 : "2020-01-01" }),
    })),
  ]);
});

describe("project members", () => {
  check([
    {
      title: "members see who else is in a project",
      may: MEMBERS,
      otherwise: "filtered",
      attempt: (requests, { project, users }) =>
        requests.get("project_members", { project_id: project, user_id: users.owner.id }),
    },
    {
      title: "owner and admin add people whom they see already",
      may: ADMINS,
      otherwise: "refused",
      attempt: (requests, { project, users }) =>
        requests.post("project_members", { project_id: project, user_id: users.neighbour.id, role: "contributor" }),
    },
    {
      title: "nobody adds somebody whom they cannot see",
      may: [],
      otherwise: "refused",
      attempt: (requests, { project, users }) =>
        requests.post("project_members", { project_id: project, user_id: users.stranger.id, role: "viewer" }),
    },
    {
      title: "nobody lets themself into a project",
      may: [],
      otherwise: "refused",
      // For members the row is there already; whether policy or key answers first is all the same to them.
      except: { owner: 409, admin: 409 },
      attempt: (requests, given, name) =>
        requests.post("project_members", { project_id: given.project, user_id: ownId(given, name), role: "admin" }),
    },
    {
      title: "owner and admin change a member's role",
      may: ADMINS,
      otherwise: "filtered",
      attempt: (requests, { project, users }) =>
        requests.patch(
          "project_members",
          { project_id: project, user_id: users.viewer.id },
          { role: "contributor" },
          "role",
        ),
    },
    {
      title: "who is no admin does not raise their own role",
      may: ADMINS,
      otherwise: "filtered",
      attempt: (requests, given, name) =>
        requests.patch(
          "project_members",
          { project_id: given.project, user_id: ownId(given, name) },
          { role: "admin" },
        ),
    },
    {
      title: "owner and admin remove a member",
      may: ADMINS,
      otherwise: "filtered",
      except: { viewer: "allowed" },
      attempt: (requests, { project, users }) =>
        requests.delete("project_members", { project_id: project, user_id: users.viewer.id }),
    },
    {
      title: "any member but the owner leaves",
      may: MEMBERS.filter((name) => name !== "owner"),
      otherwise: "filtered",
      // To the strange tokens this is an attempt on the viewer's membership.
      except: { owner: 403 },
      attempt: (requests, given, name) =>
        requests.delete("project_members", { project_id: given.project, user_id: ownId(given, name) }),
    },
    ...fixedColumns("project_members", ({ project, users }) => ({ project_id: project, user_id: users.viewer.id }), {
      project_id: 5,
      user_id: 5,
      joined_at: "2020-01-01",
    }),
  ]);
});

describe("tasks", () => {
  const mine = ({ task }: Cast) => ({ id: task });
  const columns = {
    title: "New title",
    description: "New description",
    status: "in_progress",
    due_date: "2030-01-01",
    assigned_to: null,
    metadata: { estimate: 5 },
  };
  check([
    {
      title: "members see a task",
      may: MEMBERS,
      otherwise: "filtered",
      attempt: (requests, given) => requests.get("tasks", mine(given), "id, title"),
    },
    {
      title: "contributors and admins make tasks",
      may: WRITERS,
      otherwise: "refused",
      attempt: (requests, { project }) =>
        requests.post("tasks", { title: "New", description: "Task", project_id: project }, "id"),
    },
    {
      title: "contributors and admins may say that they made it",
      may: WRITERS,
      otherwise: "refused",
      attempt: (requests, given, name) =>
        requests.post("tasks", { title: "New", project_id: given.project, created_by: ownId(given, name) }),
    },
    {
      title: "nobody makes a task in another's name",
      may: ["author"],
      otherwise: "refused",
      attempt: (requests, { project, users }) =>
        requests.post("tasks", { title: "New", project_id: project, created_by: users.author.id }),
    },
    {
      title: "nobody makes a task in a project that is not there",
      may: [],
      otherwise: "refused",
      attempt: (requests, { missing }) => requests.post("tasks", { title: "New", project_id: missing }),
    },
    ...Object.entries(columns).map(([column, value]): Rule => ({
      title: `contributors and admins change a task's ${column}`,
      may: WRITERS,
      otherwise: "filtered",
      attempt: (requests, given) => requests.patch("tasks", mine(given), { [column]: value }, "id"),
    })),
    {
      title: "admins delete any task, contributors their own",
      may: ["owner", "admin", "author"],
      otherwise: "filtered",
      attempt: (requests, given) => requests.delete("tasks", mine(given)),
    },
    {
      title: "who is a viewer now no longer deletes what they made as a contributor",
      may: ADMINS,
      otherwise: "filtered",
      attempt: (requests, { retiredTask }) => requests.delete("tasks", { id: retiredTask }),
    },
    ...fixedColumns("tasks", mine, {
      id: 424_242,
      project_id: 5,
      created_by: 5,
      created_at: "1970-01-01",
      updated_at: "1970-01-01",
      search_vector: "x",
    }),
    ...["id", "created_at", "updated_at"].map((column): Rule => ({
      title: `nobody chooses a new task's ${column}`,
      may: [],
      among: ROLES,
      otherwise: "no privilege",
      ...(GENERATED.has(column) ? { always: 400 } : {}),
      attempt: (requests, { project }) =>
        requests.post("tasks", {
          title: "New",
          project_id: project,
          [column]: column === "id" ? 424_242 : "2020-01-01",
        }),
    })),
  ]);
});

describe("comments", () => {
  // Members see the task and are refused; to everybody else there is no such task.
  const inserting = { otherwise: 404, except: { retired: "refused", viewer: "refused", assignee: "refused" } } as const;
  check([
    {
      title: "members see a comment",
      may: MEMBERS,
      otherwise: "filtered",
      attempt: (requests, { comment }) => requests.get("comments", { id: comment }),
    },
    {
      title: "contributors and admins comment",
      may: WRITERS,
      ...inserting,
      attempt: (requests, { task }) => requests.post("comments", { content: "New", task_id: task }, "id"),
    },
    {
      title: "contributors and admins may say that the comment is theirs",
      may: WRITERS,
      ...inserting,
      attempt: (requests, given, name) =>
        requests.post("comments", { content: "New", task_id: given.task, user_id: ownId(given, name) }),
    },
    {
      title: "nobody comments in another's name",
      may: ["author"],
      otherwise: 404,
      except: Object.fromEntries(MEMBERS.map((name) => [name, "refused"])),
      attempt: (requests, { task, users }) =>
        requests.post("comments", { content: "I resign", task_id: task, user_id: users.author.id }),
    },
    {
      title: "only its author, while a contributor, edits a comment",
      may: ["author"],
      otherwise: "filtered",
      attempt: (requests, { comment }) => requests.patch("comments", { id: comment }, { content: "Edited" }, "id"),
    },
    {
      title: "who is a viewer now no longer edits what they wrote as a contributor",
      may: [],
      otherwise: "filtered",
      attempt: (requests, { retiredComment }) =>
        requests.patch("comments", { id: retiredComment }, { content: "Edited" }),
    },
    {
      title: "its author, while a contributor, and admins delete a comment",
      may: ["author", ...ADMINS],
      otherwise: "filtered",
      attempt: (requests, { comment }) => requests.delete("comments", { id: comment }),
    },
    {
      title: "who is a viewer now no longer deletes what they wrote as a contributor",
      may: ADMINS,
      otherwise: "filtered",
      attempt: (requests, { retiredComment }) => requests.delete("comments", { id: retiredComment }),
    },
    ...fixedColumns("comments", ({ comment }) => ({ id: comment }), {
      id: 5,
      task_id: 5,
      project_id: 5,
      user_id: 5,
      created_at: "1970-01-01",
      updated_at: "1970-01-01",
    }),
  ]);
});

describe("what is in no project of the caller's", () => {
  check(
    (["projects", "tasks", "comments"] as const).map((table) => ({
      title: `only those in a project see its ${table}`,
      may: ["outsider"],
      otherwise: "filtered",
      attempt: (requests, { foreign }) =>
        requests.get(
          table,
          { id: table === "projects" ? foreign.project : table === "tasks" ? foreign.task : foreign.comment },
          "id",
        ),
    })),
  );

  test.each(["projects", "tasks", "comments", "project_members"] as const)(
    "without a filter, %s shows nothing of it either",
    async (table) => {
      const column = table === "projects" ? "id" : "project_id";
      for (const name of MEMBERS) {
        const outcome = await db.attempt(cast().personas[name]).get(table, {}, column);
        const seen = outcome.kind === "rows" ? outcome.rows.map((row) => row[column]) : [];
        expect(seen).toContain(cast().project);
        expect(seen).not.toContain(cast().foreign.project);
      }
    },
  );
});

describe("tables out of the API", () => {
  test.each(["auth.credentials", "auth.secrets"])("no API role reads %s", async (table) => {
    for (const name of ["anonymous", ...OWNERS_OF_SOMETHING] as const) {
      expect(await db.attempt(cast().personas[name]).sql("GET", `select * from ${table}`)).toMatchObject({
        kind: "no-privilege",
        sqlState: "42501",
      });
    }
  });
});
