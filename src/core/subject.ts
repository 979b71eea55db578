import type { SourceLocation } from "./errors.ts";

/** Something in a database that files declare, by its names as the catalog has them (unquoted). */
export type Subject =
  | { readonly kind: "schema"; readonly name: string }
  | { readonly kind: "role" | "extension"; readonly name: string }
  /** A table, partitioned or foreign table, view, materialized view or sequence. */
  | { readonly kind: "relation"; readonly schema: string; readonly name: string }
  | { readonly kind: "index" | "type"; readonly schema: string; readonly name: string }
  /** A function or procedure. `arguments`: its input types as `format_type` writes them; without them, any overload. */
  | {
      readonly kind: "function";
      readonly schema: string;
      readonly name: string;
      readonly arguments?: readonly string[] | undefined;
    }
  | {
      readonly kind: "column" | "policy" | "trigger" | "constraint";
      readonly schema: string;
      readonly relation: string;
      readonly name: string;
    }
  /** `enable`, `disable` or `force row level security` of a table. */
  | { readonly kind: "row-security"; readonly schema: string; readonly relation: string }
  /** `privilege`: `select`, `execute`, …; `grantee`: a role's name, or `PUBLIC`. */
  | {
      readonly kind: "grant";
      readonly on: GrantedObject;
      readonly privilege: string;
      readonly grantee: string;
      readonly column?: string | undefined;
    };

export type GrantedObject = Extract<Subject, { readonly kind: "schema" | "relation" | "function" }>;

/**
 * Where the files declare something: the last statement that makes it. What has no statement of its own (a constraint
 * without a name, a privilege that PUBLIC has by default) is where what it belongs to is declared. Undefined: no file
 * of SQL declares it.
 */
export type FindDeclaration = (subject: Subject) => SourceLocation | undefined;
