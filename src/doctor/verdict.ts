import type { DoctorCheck } from "../core/command-result.ts";
import type { FindDeclaration, Subject } from "../core/subject.ts";

/** What a check found: one thing that is as it should be, or each thing that is not. */
export interface Verdict extends Omit<DoctorCheck, "check" | "at"> {
  /** What it is about, where files may declare that. */
  readonly subject?: Subject | undefined;
  /** The setting that names something which is not there. */
  readonly setting?: string | undefined;
  /** Where it is said, if known already. */
  readonly place?: DoctorCheck["at"] | undefined;
}

export function ok(message: string): Verdict {
  return { verdict: "ok", message, next: null };
}

/** Something that works, and that somebody should look at. */
export function warning(message: string, next: string, subject?: Subject): Verdict {
  return { verdict: "warning", message, next, subject };
}

/** Something that does not work, or is a hole. */
export function problem(message: string, next: string, subject?: Subject): Verdict {
  return { verdict: "problem", message, next, subject };
}

/** Something that a setting names and the database does not have. */
export function absent(message: string, setting: string): Verdict {
  return { ...problem(message, "npx tm-db migrate"), setting };
}

/** Something that could not be looked at, and why. */
export function skipped(message: string, next: string | null = null): Verdict {
  return { verdict: "skipped", message, next };
}

/** tm-db is not on the npm registry, where a command could look for it. */
export const NEWER_TM_DB = "install a newer tm-db, if there is one";

/** The lines of a check; `find` says where files declare what they are about. */
export function named(
  check: DoctorCheck["check"],
  verdicts: readonly Verdict[],
  find: FindDeclaration = () => undefined,
): DoctorCheck[] {
  return verdicts.map(({ verdict, message, next, subject, place: known }) => {
    const place = known ?? (subject === undefined ? undefined : find(subject));
    const at = place === undefined ? null : { file: place.file, line: place.line, column: place.column };
    return { check, verdict, message, next, at };
  });
}

/** All that is wrong, or else that everything is well. */
export function allOr(wrong: readonly Verdict[], well: string): readonly Verdict[] {
  return wrong.length === 0 ? [ok(well)] : wrong;
}

/** Of several that were looked at together, what is wrong; or all, where nothing is. */
export function withoutOk(verdicts: readonly Verdict[]): readonly Verdict[] {
  const wrong = verdicts.filter(({ verdict }) => verdict !== "ok");
  return wrong.length === 0 ? verdicts : wrong;
}

/** `a, b and 3 more`: a line stays a line. */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most);
  const more = names.length - shown.length;
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`;
}
