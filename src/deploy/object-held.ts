import { TmDbError } from "../core/errors.ts";

/** What no repeatable made, and what of a file it depends on. */
export interface Holder {
  readonly path: string;
  readonly identity: string;
  readonly holder: string;
}

/** OBJECT_HELD, with every holder and a way on. */
export function objectHeld(held: readonly Holder[]): TmDbError {
  const paths = [...new Set(held.map(({ path }) => path))];
  const isReplaceable = held.every(({ identity }) => /^(function|procedure) /.test(identity));
  return new TmDbError("OBJECT_HELD", "objects would have to be dropped that something else depends on", {
    problems: held.map(({ path, identity, holder }) => ({ message: `${path}: ${identity} is used by ${holder}` })),
    hint: [
      ...(isReplaceable ? ["keep the arguments and the return type; or"] : []),
      "drop what depends on it in a migration, which may make it again in the next one: npx tm-db new <name>",
      ...paths.map((path) => `the next one begins with the line: -- tm-db: needs ${path}`),
    ].join("\n"),
  });
}
