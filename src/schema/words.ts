import type { StableId } from "@supabase/pg-delta";
import type { Difference } from "../core/command-result.ts";

/** A difference as a sentence, for lists of problems. */
export function differenceSentence({ kind, object, detail }: Difference): string {
  if (kind === "missing") return `missing in the database: ${object}`;
  return kind === "extra" ? `made by no file: ${object}` : `different: ${object}, ${detail}`;
}

/** An object of the catalog in words, as a person would name it: `policy select_own on api.tasks`. */
export function objectWords(id: StableId): string {
  switch (id.kind) {
    case "comment":
      return `comment on ${objectWords(id.target)}`;
    case "acl": {
      const column = id.column === undefined ? "" : `column ${name(id.column)} of `;
      return `privileges of ${roleWords(id.grantee)} on ${column}${objectWords(id.target)}`;
    }
    case "securityLabel":
      return `security label on ${objectWords(id.target)}`;
    case "membership":
      return `membership of ${name(id.member)} in ${name(id.role)}`;
    case "userMapping":
      return `user mapping of ${name(id.role)} for ${name(id.server)}`;
    case "typeAttribute":
      return `attribute ${name(id.name)} of type ${name(id.schema)}.${name(id.type)}`;
    case "publicationRel":
      return `table ${name(id.schema)}.${name(id.table)} of publication ${name(id.publication)}`;
    case "publicationSchema":
      return `schema ${name(id.schema)} of publication ${name(id.publication)}`;
    case "defaultPrivilege": {
      const schema = id.schema === null ? "" : ` in schema ${name(id.schema)}`;
      return `default privileges of ${name(id.role)}${schema} on ${DEFAULT_PRIVILEGE_KINDS[id.objtype] ?? id.objtype} for ${roleWords(id.grantee)}`;
    }
    case "extensionIntent":
      return `${id.intentKind} ${id.key} of extension ${id.ext}`;
    case "column":
      return `column ${name(id.schema)}.${name(id.table)}.${name(id.name)}`;
    case "default":
      return `default of column ${name(id.schema)}.${name(id.table)}.${name(id.name)}`;
    case "constraint":
    case "trigger":
    case "rule":
    case "policy":
      return `${id.kind} ${name(id.name)} on ${name(id.schema)}.${name(id.table)}`;
    case "function":
    case "procedure":
    case "aggregate":
      return `${id.kind} ${name(id.schema)}.${name(id.name)}(${id.args.join(", ")})`;
    default:
      return `${kindWords(id.kind)} ${"schema" in id ? `${name(id.schema)}.` : ""}${name(id.name)}`;
  }
}

const DEFAULT_PRIVILEGE_KINDS: Readonly<Record<string, string>> = {
  r: "tables",
  S: "sequences",
  f: "functions",
  T: "types",
  n: "schemas",
  L: "large objects",
};

/** `materializedView` → `materialized view`. */
export function kindWords(kind: string): string {
  return kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}

function roleWords(role: string): string {
  return role === "PUBLIC" || role === "" ? "PUBLIC" : name(role);
}

/** Quoted only where PostgreSQL would want it. */
function name(text: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}
