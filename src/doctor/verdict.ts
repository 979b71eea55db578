import type { DoctorCheck } from "../core/command-result.ts";

/** What a check found: one thing that is as it should be, or each thing that is not. */
export type Verdict = Omit<DoctorCheck, "check">;

export function ok(message: string): Verdict {
  return { verdict: "ok", message, next: null };
}

/** Something that works, and that somebody should look at. */
export function warning(message: string, next: string): Verdict {
  return { verdict: "warning", message, next };
}

/** Something that does not work, or is a hole. */
export function problem(message: string, next: string): Verdict {
  return { verdict: "problem", message, next };
}

/** Something that could not be looked at, and why. */
export function skipped(message: string, next: string | null = null): Verdict {
  return { verdict: "skipped", message, next };
}

/** The lines of a check. */
export function named(check: DoctorCheck["check"], verdicts: readonly Verdict[]): DoctorCheck[] {
  return verdicts.map((verdict) => ({ check, ...verdict }));
}

/** All that is wrong, or else that everything is well. */
export function allOr(wrong: readonly Verdict[], well: string): readonly Verdict[] {
  return wrong.length === 0 ? [ok(well)] : wrong;
}

/** `a, b and 3 more`: a line stays a line. */
export function listed(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most);
  const more = names.length - shown.length;
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`;
}
