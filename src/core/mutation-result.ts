import type { SourceLocation } from "./errors.ts";

/** One damage to one object, and what the policy tests said. */
export interface MutantResult {
  /** The same from run to run; what `equivalent-mutants.json` names. */
  readonly id: string;
  /** Which kind of damage. */
  readonly operator: string;
  /** The object, for people: `policy select_member on api.tasks`. */
  readonly subject: string;
  /** What is otherwise, in SQL on one line each; an empty one is nothing. */
  readonly before: string;
  readonly after: string;
  /** What does it: statements for the owner of everything. */
  readonly sql: string;
  /** Where the files declare the object; null where no SQL file does. */
  readonly location: SourceLocation | null;
  readonly verdict: MutantVerdict;
  /** Of survivors: the beginning of a test that would fail. */
  readonly skeleton: string | null;
}

export type MutantVerdict =
  /** A test failed. */
  | { readonly kind: "killed"; readonly by: KillingTest }
  /** A file of tests did not end in time. */
  | { readonly kind: "timed-out"; readonly path: string }
  /** Every test passed. `toldApart`: whether the access matrix, which counts rows, is another; null where that is not known. */
  | { readonly kind: "survived"; readonly toldApart: boolean | null }
  /** Every test passed, and the list says why no test could fail. */
  | { readonly kind: "equivalent"; readonly reason: string }
  /** PostgreSQL refused to do it. */
  | { readonly kind: "invalid"; readonly message: string };

export interface KillingTest {
  readonly path: string;
  /** Of the statement; null where the file failed as a whole. */
  readonly line: number | null;
  /** The test's title, or what went wrong with the file. */
  readonly title: string;
}

export interface MutantCounts {
  readonly killed: number;
  readonly timedOut: number;
  readonly survived: number;
  readonly equivalent: number;
  readonly invalid: number;
}

/** An entry of `equivalent-mutants.json` that does not hold. */
export interface StaleEquivalent {
  readonly mutant: string;
  /** `gone`: no damage has this name any more · `killed`: a test fails after all. */
  readonly why: "gone" | "killed" | "invalid" | "told-apart";
}
