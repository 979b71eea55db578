import { quoteIdent } from "../core/quote-ident.ts";

/**
 * What one statement of a repeatable file declares. `identity` names the declared thing and is what two files may not
 * both say; everything in SQL form is quoted and can be used in a statement as it is.
 */
export type Declaration = CreateDeclaration | RowSecurityDeclaration | PrivilegeDeclaration | CommentDeclaration;

export interface CreateDeclaration {
  readonly kind: "create";
  readonly identity: string;
  readonly object: CreatedObject;
  /** Functions: everything that `create or replace` cannot change. Undefined for what is never replaced in place. */
  readonly signature: string | undefined;
}

export interface RowSecurityDeclaration {
  readonly kind: "row-security";
  readonly identity: string;
  readonly table: string;
  readonly flag: "enable" | "force";
  readonly on: boolean;
}

export interface PrivilegeDeclaration {
  readonly kind: "privilege";
  readonly identity: string;
  readonly isGrant: boolean;
  readonly target: TargetObject;
  /** In capitals, or `ALL`. */
  readonly privilege: string;
  readonly column: string | undefined;
  /** A role's name as it is, or `PUBLIC`. */
  readonly grantee: string;
  readonly withGrantOption: boolean;
}

export interface CommentDeclaration {
  readonly kind: "comment";
  readonly identity: string;
  readonly target: TargetObject;
  /** The words of `comment on` for the target: of relations there are more than keywords of `grant`. */
  readonly words: string;
  /** What of the target the comment is about. */
  readonly part: CommentPart;
}

/** What two files may not both comment on. */
export function commentIdentity(target: TargetObject, part: CommentPart): string {
  const whose = part.kind === "self" ? "" : `${part.kind} ${quoteIdent(part.name)} of `;
  return `comment on ${whose}${identityWord(target)} ${target.name}`;
}

/** Two files that call one function a function and a routine declare the same thing. */
export function identityWord({ keyword }: TargetObject): string {
  return keyword === "routine" ? "function" : keyword;
}

export type CommentPart =
  { readonly kind: "self" } | { readonly kind: "column" | "policy" | "trigger" | "constraint"; readonly name: string };

/** An object that a repeatable makes and that `drop` takes away. */
export interface CreatedObject {
  readonly type: "function" | "procedure" | "view" | "trigger" | "policy";
  /** Quoted, with argument types for routines; of a trigger or policy the bare name, unquoted. */
  readonly name: string;
  /** The quoted relation of a trigger or policy. */
  readonly relation: string | undefined;
}

/**
 * An object whose privileges or comments a repeatable sets. `keyword` is the word of `grant … on <keyword>`; what a file
 * calls a routine is a function or a procedure, and only the catalog knows which.
 */
export interface TargetObject {
  readonly keyword: "table" | "sequence" | "function" | "procedure" | "routine" | "schema" | "type";
  readonly name: string;
}

/** What a created object is to `grant`; nothing for a trigger or policy, which has no privileges. */
export function objectTarget({ type, name }: CreatedObject): TargetObject[] {
  if (type === "trigger" || type === "policy") return [];
  return [{ keyword: type === "view" ? "table" : type, name }];
}
