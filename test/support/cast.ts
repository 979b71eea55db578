import { beforeAll } from "vitest";
import type { ReferenceDatabase, User } from "./reference-database.ts";

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
] as const;
type UserName = (typeof USERS)[number];

/**
 * One project with everybody in it, and those who are not.
 *
 * `author` (a contributor) wrote the task, which is assigned to `assignee` (a viewer), and the comment. `retired` wrote
 * another task and comment while a contributor, and is a viewer now. `outsider` owns a project of their own, `stranger` is in none.
 * `neighbour` owns a third project with all of the first in it.
 */
export interface Cast {
  readonly users: Readonly<Record<UserName, User>>;
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
  return {
    users,
    project,
    task,
    comment,
    retiredTask,
    retiredComment,
    foreign: { project: foreignProject, task: foreignTask, comment: foreignComment },
    missing: 999_999_999,
  };
}
