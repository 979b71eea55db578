/** Declarations of privileges by what they are about, to find those of which one is a part of the other. */
export class PrivilegeIndex {
  readonly #bySubject = new Map<string, PlacedPrivilege[]>();

  /** Keeps a declaration, by its identity; whatever is no privilege is passed over. */
  add(identity: string, path: string): void {
    const privilege = readPrivilege(identity);
    if (privilege === undefined) return;
    const known = this.#bySubject.get(privilege.subject);
    if (known === undefined) this.#bySubject.set(privilege.subject, [{ ...privilege, path }]);
    else known.push({ ...privilege, path });
  }

  /** Those that say something of the same privilege, on the same object or a column of it, of the same role. */
  overlapping(identity: string): readonly PlacedPrivilege[] {
    const privilege = readPrivilege(identity);
    if (privilege === undefined) return [];
    return (this.#bySubject.get(privilege.subject) ?? []).filter((other) => doOverlap(privilege, other));
  }
}

/** A declaration of a privilege, as its identity says it. */
export interface PrivilegeIdentity {
  readonly identity: string;
  /** In capitals, or `ALL`. */
  readonly privilege: string;
  /** Unquoted. */
  readonly column: string | undefined;
  /** The object and the role. */
  readonly subject: string;
}

interface PlacedPrivilege extends PrivilegeIdentity {
  readonly path: string;
}

/** Reads `privilege SELECT ("a") on table "api"."t" of r`; undefined for the identity of something else. */
export function readPrivilege(identity: string): PrivilegeIdentity | undefined {
  const [, privilege, column, subject] = PRIVILEGE.exec(identity) ?? [];
  if (privilege === undefined || subject === undefined) return undefined;
  return { identity, privilege, column: column?.replaceAll('""', '"'), subject };
}

const PRIVILEGE = /^privilege (\w+)(?: \("((?:[^"]|"")*)"\))? on (.*)$/s;

/** A revoke of a privilege on a table takes the same privilege on its columns along. */
function doOverlap(one: PrivilegeIdentity, other: PrivilegeIdentity): boolean {
  const isSamePrivilege = one.privilege === other.privilege || one.privilege === "ALL" || other.privilege === "ALL";
  return isSamePrivilege && (one.column === other.column || one.column === undefined || other.column === undefined);
}
