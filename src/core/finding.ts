import type { SourceLocation } from "./errors.ts";

/** Something in a file that a rule objects to. */
export interface Finding {
  /** The rule's name: what `lint.ignore` and ignoring comments say. */
  readonly rule: string;
  /** `error`: `tm-db migrate` would refuse the file · `warning`: it would run, and may do harm. */
  readonly severity: "error" | "warning";
  readonly message: string;
  /** How to mend it; null where the message says all there is to say. */
  readonly help: string | null;
  /** A page about the rule; null where there is none. */
  readonly url: string | null;
  /** Of a script: its beginning, since the SQL is built from it. */
  readonly location: SourceLocation;
  /** Only of scripts: the line of the built SQL. */
  readonly sql?: string;
}
