import { quoteIdent, quoteLiteral } from "../core/quote-ident.ts";
import type {
  CommentDeclaration,
  CreatedObject,
  Declaration,
  PrivilegeDeclaration,
  TargetObject,
} from "./declaration.ts";

/** What the catalog says of an object before a file touches it. */
export interface ObjectFacts {
  readonly keyword: TargetObject["keyword"];
  readonly name: string;
  /** Null for an object that is not there. */
  readonly oid: number | null;
  readonly rowSecurity: boolean;
  readonly forceRowSecurity: boolean;
  readonly comment: string | null;
  readonly parts: readonly { readonly kind: string; readonly name: string; readonly comment: string }[];
  /** Of an object that is not there yet: what it will have by default. */
  readonly acl: readonly AclEntry[];
}

export interface AclEntry {
  /** Null for a privilege on the whole object. */
  readonly column: string | null;
  readonly privilege: string;
  /** A role's name, or `PUBLIC`. */
  readonly grantee: string;
  readonly grantable: boolean;
}

/** The statement that drops an object, and nothing else: what depends on it makes it fail. */
export function dropStatement(object: CreatedObject): string {
  if (object.relation === undefined) return `drop ${object.type} ${object.name}`;
  return `drop ${object.type} ${quoteIdent(object.name)} on ${object.relation}`;
}

/**
 * The SQL that takes one declaration back to what `facts` say of the state before it; empty where the declaration
 * changes nothing. `facts` is undefined for an object that the same file makes: dropping that object is enough.
 */
export function undoStatement(declaration: Declaration, facts: ObjectFacts | undefined): string {
  switch (declaration.kind) {
    case "create":
      return dropStatement(declaration.object);
    case "row-security":
      return undoRowSecurity(declaration, facts);
    case "comment":
      return undoComment(declaration, facts);
    case "privilege":
      return facts === undefined ? "" : undoPrivilege(declaration, facts);
  }
}

function undoRowSecurity(
  declaration: Extract<Declaration, { kind: "row-security" }>,
  facts: ObjectFacts | undefined,
): string {
  const before = (declaration.flag === "enable" ? facts?.rowSecurity : facts?.forceRowSecurity) ?? false;
  if (before === declaration.on) return "";
  const words = declaration.flag === "enable" ? (before ? "enable" : "disable") : before ? "force" : "no force";
  return `alter table ${declaration.table} ${words} row level security`;
}

function undoComment(declaration: CommentDeclaration, facts: ObjectFacts | undefined): string {
  const { target, words, part } = declaration;
  if (part.kind === "self") {
    return `comment on ${words} ${target.name} is ${literalOrNull(facts?.comment)}`;
  }
  const before = facts?.parts.find((entry) => entry.kind === part.kind && entry.name === part.name)?.comment;
  const subject =
    part.kind === "column"
      ? `column ${target.name}.${quoteIdent(part.name)}`
      : `${part.kind} ${quoteIdent(part.name)} on ${target.name}`;
  return `comment on ${subject} is ${literalOrNull(before)}`;
}

/** A comment as `comment on … is` takes it. */
export function literalOrNull(text: string | null | undefined): string {
  return text === null || text === undefined ? "null" : quoteLiteral(text);
}

/**
 * Takes a grant or revoke back: everything of that kind that the grantee has goes, and what it had before comes again.
 * (Revoking a privilege on a table takes the same privilege on its columns with it, so both are restored.)
 */
function undoPrivilege(declaration: PrivilegeDeclaration, facts: ObjectFacts): string {
  const { target, privilege, column, grantee } = declaration;
  const before = facts.acl.filter(
    (entry) =>
      entry.grantee === grantee &&
      (privilege === "ALL" || entry.privilege === privilege) &&
      (column === undefined || entry.column === column),
  );
  if (declaration.isGrant && isCovered(declaration, before)) return "";
  const role = grantee === "PUBLIC" ? "public" : quoteIdent(grantee);
  const on = `on ${target.keyword} ${target.name}`;
  const columns = (name: string | null | undefined): string =>
    name === null || name === undefined ? "" : ` (${quoteIdent(name)})`;
  const statements = [`revoke ${privilege.toLowerCase()}${columns(column)} ${on} from ${role}`];
  for (const entry of before) {
    const option = entry.grantable ? " with grant option" : "";
    statements.push(`grant ${entry.privilege.toLowerCase()}${columns(entry.column)} ${on} to ${role}${option}`);
  }
  return statements.join(";\n");
}

function isCovered(declaration: PrivilegeDeclaration, before: readonly AclEntry[]): boolean {
  const { privilege, column = null, withGrantOption } = declaration;
  return (
    privilege !== "ALL" && before.some((entry) => entry.column === column && (entry.grantable || !withGrantOption))
  );
}
