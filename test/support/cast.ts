import { beforeAll } from "vitest";
import { anonymous, claiming, type Persona, type ReferenceDatabase, type User } from "./reference-database.ts";

const USERS = [
  "owner",
  "admin",
  "contributor",
  "author",
  "retired",
  "viewer",
  "assignee",
  "outsider",
  "stranger",
  "neighbour",
  "deleted",
  "revoked",
] as const;
type UserName = (typeof USERS)[number];

const STRANGE_TOKENS = ["without claim", "empty claim", "word as claim", "huge claim", "null claim"] as const;
export const PERSONAS = [...USERS, "anonymous", ...STRANGE_TOKENS] as const;
export type PersonaName = (typeof PERSONAS)[number];

/**
 * One project with everybody in it, and those who are not.
 *
 * `author` (a contributor) wrote the task, which is assigned to `assignee` (a viewer), and the comment. `retired` wrote
 * another task and comment while a contributor, and is a viewer now. `outsider` owns a project of their own, `stranger` is in none.
 * `neighbour` owns a third project with all of the first in it. `deleted` has no account any more, `revoked` a token from
 * before their last change of password.
 */
export interface Cast {
  readonly users: Readonly<Record<UserName, User>>;
  readonly personas: Readonly<Record<PersonaName, Persona>>;
  readonly project: number;
  readonly task: number;
  readonly comment: number;
  readonly retiredTask: number;
  readonly retiredComment: number;
  readonly foreign: { readonly project: number; readonly task: number; readonly comment: number };
  readonly missing: number;
}

/** Makes the cast before the tests of a file. */
export function useCast(db: ReferenceDatabase): () => Cast {
  let cast: Cast | undefined;
  beforeAll(async () => {
    cast = await makeCast(db);
  });
  return () => {
    if (cast === undefined) throw new Error("the cast is there in tests only");
    return cast;
  };
}

async function makeCast(db: ReferenceDatabase): Promise<Cast> {
  const users = await db.users(...USERS);
  const { owner, admin, contributor, author, retired, viewer, assignee, outsider, neighbour } = users;
  const project = await db.project(
    owner,
    { admin: [admin], contributor: [contributor, author, retired], viewer: [viewer, assignee] },
    { name: "Apollo", description: "To the moon" },
  );
  const task = await db.task(project, {
    title: "Guidance",
    description: "Write the guidance code",
    created_by: author.id,
    assigned_to: assignee.id,
  });
  const comment = await db.comment(task, author, "By the author");
  const retiredTask = await db.task(project, { title: "Archive", created_by: retired.id });
  const retiredComment = await db.comment(retiredTask, retired, "By the retired");
  await db.rows("update api.project_members set role = 'viewer' where project_id = $1 and user_id = $2", [
    project,
    retired.id,
  ]);
  const foreignProject = await db.project(outsider, {}, { name: "Borealis", description: "Secret lights" });
  const foreignTask = await db.task(foreignProject, {
    title: "Hidden",
    description: "Guidance of a hidden kind",
    created_by: outsider.id,
  });
  const foreignComment = await db.comment(foreignTask, outsider, "Hidden too");
  await db.project(
    neighbour,
    { viewer: [owner, admin, contributor, author, retired, viewer, assignee] },
    { name: "Common room" },
  );
  await db.rows("delete from api.users where id = $1", [users.deleted.id]);
  const revoked = await revokeTokens(db, users.revoked);
  return {
    users,
    personas: {
      ...users,
      revoked,
      anonymous,
      "without claim": claiming(undefined),
      "empty claim": claiming(""),
      "word as claim": claiming("one"),
      "huge claim": claiming("99999999999999999999999999"),
      "null claim": claiming(null),
    },
    project,
    task,
    comment,
    retiredTask,
    retiredComment,
    foreign: { project: foreignProject, task: foreignTask, comment: foreignComment },
    missing: 999_999_999,
  };
}

/** Gives the user a token from an hour ago, and ends those today. */
async function revokeTokens(db: ReferenceDatabase, user: User): Promise<Persona> {
  const now = Math.floor(Date.now() / 1000);
  await db.rows("update auth.credentials set tokens_since = $2 where user_id = $1", [user.id, now]);
  return { ...user, claims: { ...user.claims, iat: now - 3600 } };
}
