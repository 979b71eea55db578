import { type Catalog, otherInWords } from "../schema/catalog.ts";
import type { Project, Target } from "./context.ts";
import { wantedSettings } from "./postgrest-config.ts";

/**
 * What `tm-db postgrest config --in-database` keeps in a database is made by no file. It is expected there all the same:
 * with the value that the project says, so that another one is a difference.
 */
export function withPostgrestSettings(
  expected: Catalog,
  given: { readonly live: Catalog; readonly project: Project; readonly target: Target },
): Catalog {
  const { authenticator } = given.project.config.roles;
  const kept = wantedSettings(given.project, given.target)
    .map(([name, value]) => [`setting ${name} of role ${authenticator} in this database`, otherInWords(value)] as const)
    .filter(([object]) => given.live.others.has(object) && !expected.others.has(object));
  return { ...expected, others: new Map([...expected.others, ...kept]) };
}
