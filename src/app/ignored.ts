import type { Config } from "../config/config.ts";
import { TmDbError } from "../core/errors.ts";
import { ignoredSchema, plainName } from "../core/ignored.ts";
import type { ProjectFiles } from "../core/project-files.ts";
import type { Subject } from "../core/subject.ts";
import type { Orphan } from "../deploy/orphans.ts";

/**
 * Refuses what the setting `ignore` must not hold: something that the files make would be compared by nobody.
 * @throws TmDbError CONFIG_INVALID with every statement.
 */
export async function refuseIgnoredFiles({ ignore }: Config, files: ProjectFiles): Promise<void> {
  if (ignore.length === 0) return;
  // Loads PostgreSQL's parser, which nothing else here needs.
  const { readMadeByFiles } = await import("../deploy/made-by-files.ts");
  const problems = (await readMadeByFiles(files)).flatMap(({ wholes, location }) => {
    const entry = wholes.find((words) => ignore.includes(words));
    if (entry === undefined) return [];
    const [object] = wholes;
    const why = entry === object ? "it is in ignore" : `${entry} is in ignore`;
    return [{ message: `${object} is made or changed here, and ${why}`, location }];
  });
  if (problems.length === 0) return;
  throw new TmDbError("CONFIG_INVALID", "the setting ignore names what the files make, which nothing would compare", {
    problems,
    hint: "name only what is not theirs, object by object: table auth.users. Triggers and policies on an ignored table are compared",
  });
}

/** Orphans, and those of them that the setting `ignore` leaves to others. */
export function splitOrphans(
  { ignore }: Config,
  orphans: readonly Orphan[],
): { readonly orphans: string[]; readonly ignored: string[] } {
  const isIgnored = ({ wholes }: Orphan): boolean => wholes.some((words) => ignore.includes(plainName(words)));
  return {
    orphans: orphans.filter((orphan) => !isIgnored(orphan)).map(({ object }) => object),
    ignored: orphans.filter(isIgnored).map(({ object }) => object),
  };
}

/** Whether something lies in an ignored schema. */
export function isInIgnoredSchema({ ignore }: Config, subject: Subject): boolean {
  const schema = schemaOf(subject);
  return schema !== undefined && ignore.some((entry) => ignoredSchema(entry) === schema);
}

function schemaOf(subject: Subject): string | undefined {
  switch (subject.kind) {
    case "schema":
      return subject.name;
    case "role":
    case "extension":
      return undefined;
    case "grant":
      return schemaOf(subject.on);
    default:
      return subject.schema;
  }
}
