import { quoteIdent } from "../core/quote-ident.ts";
import { readPrivilege } from "./privilege-index.ts";
import type { AclEntry, ObjectFacts } from "./undo.ts";

export function aclKey({ privilege, column, grantable }: AclEntry): string {
  return JSON.stringify([privilege, column, grantable]);
}

/** The same, and whose it is. */
export function grantKey(entry: AclEntry): string {
  return `${aclKey(entry)} ${entry.grantee}`;
}

/** SQL that brings privileges on an object, quoted as in its facts, from one state to another. */
export function aclChanges(
  object: Pick<ObjectFacts, "keyword" | "name">,
  { from, to }: { readonly from: readonly AclEntry[]; readonly to: readonly AclEntry[] },
): string[] {
  const without = (entries: readonly AclEntry[], others: readonly AclEntry[]): AclEntry[] => {
    const keys = new Set(others.map(grantKey));
    return entries.filter((entry) => !keys.has(grantKey(entry)));
  };
  const words = ({ privilege, column, grantee }: AclEntry): [string, string] => [
    `${privilege.toLowerCase()}${column === null ? "" : ` (${quoteIdent(column)})`} on ${object.keyword} ${object.name}`,
    grantee === "PUBLIC" ? "public" : quoteIdent(grantee),
  ];
  return [
    ...without(from, to).map((entry) => `revoke ${words(entry).join(" from ")}`),
    ...without(to, from).map(
      (entry) => `grant ${words(entry).join(" to ")}${entry.grantable ? " with grant option" : ""}`,
    ),
  ];
}

/** The privileges on an object that a declaration is about, by its identity. */
export function aclOf(identity: string, facts: ObjectFacts): AclEntry[] {
  const declared = readPrivilege(identity);
  if (declared === undefined) return [];
  return facts.acl.filter(
    ({ privilege, column, grantee }) =>
      (declared.privilege === "ALL" || declared.privilege === privilege) &&
      (declared.column === undefined || declared.column === column) &&
      declared.subject.endsWith(`${facts.name} of ${grantee}`),
  );
}
