import type { AccessPriv, CreateFunctionStmt, GrantStmt, Node, ObjectWithArgs, RangeVar, TypeName } from "libpg-query";
import type { RepeatableFolder } from "../core/project-files.ts";
import { quoteIdent, quoteName } from "../core/quote-ident.ts";
import {
  commentIdentity,
  identityWord,
  type Declaration,
  type PrivilegeDeclaration,
  type CommentDeclaration,
  type CommentPart,
  type TargetObject,
} from "./declaration.ts";

export type StatementReading =
  | { readonly kind: "declares"; readonly declarations: readonly Declaration[] }
  | { readonly kind: "refused"; readonly what: string; readonly hint: string };

const TO_MIGRATIONS = "put it in a migration: npx tm-db new <name>";

/**
 * Reads what a statement declares, or says why it may not stand in a repeatable folder. Only what can be taken back
 * exactly is let in.
 */
export function readStatement(node: Node, folder: RepeatableFolder): StatementReading {
  if ("CreateFunctionStmt" in node) return inFolder(folder, ["functions"], () => readFunction(node.CreateFunctionStmt));
  if ("CreateTrigStmt" in node) {
    const { trigname, relation } = node.CreateTrigStmt;
    return inFolder(folder, ["functions", "views"], () => readDependent("trigger", trigname, relation));
  }
  if ("CreatePolicyStmt" in node) {
    const { policy_name, table } = node.CreatePolicyStmt;
    return inFolder(folder, ["policies"], () => readDependent("policy", policy_name, table));
  }
  if ("ViewStmt" in node) return inFolder(folder, ["views"], () => readView(node.ViewStmt.view));
  if ("AlterTableStmt" in node) return inFolder(folder, ["policies"], () => readRowSecurity(node));
  if ("GrantStmt" in node) return readGrant(node.GrantStmt);
  if ("CommentStmt" in node) return readComment(node.CommentStmt.objtype ?? "", node.CommentStmt.object);
  const what = statementWords(node);
  return { kind: "refused", what: `${what} cannot be taken back by itself`, hint: TO_MIGRATIONS };
}

class Refusal extends Error {
  readonly hint: string;

  constructor(what: string, hint: string) {
    super(what);
    this.hint = hint;
  }
}

function inFolder(
  folder: RepeatableFolder,
  allowed: readonly RepeatableFolder[],
  read: () => Declaration[],
): StatementReading {
  if (!allowed.includes(folder)) {
    return {
      kind: "refused",
      what: `this does not belong in ${folder}/`,
      hint: `move it to ${allowed.join("/ or ")}/`,
    };
  }
  return attempt(read);
}

function attempt(read: () => Declaration[]): StatementReading {
  try {
    return { kind: "declares", declarations: read() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { kind: "refused", what: error.message, hint: error.hint };
  }
}

function refuse(what: string, hint: string = TO_MIGRATIONS): never {
  throw new Refusal(what, hint);
}

/** `CreateSchemaStmt` → `create schema`; `DropStmt` → `drop`. */
function statementWords(node: Node): string {
  if ("CreateTableAsStmt" in node && node.CreateTableAsStmt.objtype === "OBJECT_MATVIEW")
    return "create materialized view";
  const tag = Object.keys(node)[0] ?? "this statement";
  return tag
    .replace(/Stmt$/, "")
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ")
    .toLowerCase();
}

function readFunction(statement: CreateFunctionStmt): Declaration[] {
  const type = statement.is_procedure === true ? "procedure" : "function";
  const parameters = (statement.parameters ?? []).flatMap((node) =>
    "FunctionParameter" in node ? [node.FunctionParameter] : [],
  );
  const inputs = parameters.filter(
    (parameter) => !["FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"].includes(parameter.mode ?? ""),
  );
  const name = `${qualified(statement.funcname, type)}(${inputs.map(({ argType }) => typeName(argType)).join(", ")})`;
  const signature = JSON.stringify([
    type,
    parameters.map(({ name, mode, argType, defexpr }) => [name, mode, typeName(argType), defexpr !== undefined]),
    statement.returnType === undefined ? null : typeName(statement.returnType),
    ...(isWindow(statement) ? ["window"] : []),
  ]);
  return [{ kind: "create", identity: `${type} ${name}`, object: { type, name, relation: undefined }, signature }];
}

/** A window function is another kind of routine to `create or replace`. */
function isWindow(statement: CreateFunctionStmt): boolean {
  return (statement.options ?? []).some((node) => "DefElem" in node && node.DefElem.defname === "window");
}

function readDependent(
  type: "trigger" | "policy",
  name: string | undefined,
  relation: RangeVar | undefined,
): Declaration[] {
  const on = relationName(relation, `the table of the ${type}`);
  const object = { type, name: name ?? "", relation: on };
  return [{ kind: "create", identity: `${type} ${quoteIdent(object.name)} on ${on}`, object, signature: undefined }];
}

function readView(view: RangeVar | undefined): Declaration[] {
  if (view?.relpersistence === "t") refuse("a temporary view belongs to one session", "leave `temporary` out");
  const name = relationName(view, "the view");
  return [
    {
      kind: "create",
      identity: `view ${name}`,
      object: { type: "view", name, relation: undefined },
      signature: undefined,
    },
  ];
}

const ROW_SECURITY: Readonly<Record<string, readonly ["enable" | "force", boolean]>> = {
  AT_EnableRowSecurity: ["enable", true],
  AT_DisableRowSecurity: ["enable", false],
  AT_ForceRowSecurity: ["force", true],
  AT_NoForceRowSecurity: ["force", false],
};

function readRowSecurity(node: Extract<Node, { AlterTableStmt: unknown }>): Declaration[] {
  const table = relationName(node.AlterTableStmt.relation, "the table");
  return (node.AlterTableStmt.cmds ?? []).map((command) => {
    const subtype = "AlterTableCmd" in command ? command.AlterTableCmd.subtype : undefined;
    const setting = ROW_SECURITY[subtype ?? ""];
    if (setting === undefined) refuse("only row level security may be altered here");
    const [flag, on] = setting;
    return { kind: "row-security", identity: `${flag} row level security on ${table}`, table, flag, on };
  });
}

const GRANT_KEYWORDS: Readonly<Record<string, TargetObject["keyword"]>> = {
  OBJECT_TABLE: "table",
  OBJECT_SEQUENCE: "sequence",
  OBJECT_FUNCTION: "function",
  OBJECT_PROCEDURE: "procedure",
  OBJECT_ROUTINE: "routine",
  OBJECT_SCHEMA: "schema",
  OBJECT_TYPE: "type",
};

function readGrant(statement: GrantStmt): StatementReading {
  return attempt(() => {
    if (statement.targtype !== "ACL_TARGET_OBJECT") {
      refuse("a grant on all objects of a schema depends on what is there at that moment", "name each object");
    }
    if (statement.behavior === "DROP_CASCADE") refuse("`cascade` takes away what others have granted, for good");
    const keyword = GRANT_KEYWORDS[statement.objtype ?? ""];
    if (keyword === undefined) refuse("a grant on this kind of object cannot be taken back by itself");
    const isGrant = statement.is_grant === true;
    const targets = (statement.objects ?? []).map((object) => grantTarget(keyword, object));
    const grantees = (statement.grantees ?? []).map(granteeName);
    return targets.flatMap((target) =>
      privilegesOf(statement).flatMap(({ privilege, column }) =>
        grantees.map((grantee): PrivilegeDeclaration => {
          const columns = column === undefined ? "" : ` (${quoteIdent(column)})`;
          const identity = `privilege ${privilege}${columns} on ${identityWord(target)} ${target.name} of ${grantee}`;
          const withGrantOption = isGrant && statement.grant_option === true;
          return { kind: "privilege", identity, isGrant, target, privilege, column, grantee, withGrantOption };
        }),
      ),
    );
  });
}

function privilegesOf(statement: GrantStmt): { privilege: string; column: string | undefined }[] {
  const privileges = (statement.privileges ?? []).flatMap((node): AccessPriv[] =>
    "AccessPriv" in node ? [node.AccessPriv] : [],
  );
  if (privileges.length === 0) return [{ privilege: "ALL", column: undefined }];
  return privileges.flatMap((entry) => {
    const columns: (string | undefined)[] = (entry.cols ?? []).map(stringOf);
    if (columns.length === 0) columns.push(undefined);
    return columns.map((column) => ({ privilege: (entry.priv_name ?? "ALL").toUpperCase(), column }));
  });
}

function grantTarget(keyword: TargetObject["keyword"], object: Node): TargetObject {
  if ("RangeVar" in object) return { keyword, name: relationName(object.RangeVar, "the object") };
  if ("ObjectWithArgs" in object) return { keyword, name: routineName(object.ObjectWithArgs) };
  if ("String" in object) return { keyword, name: quoteIdent(object.String.sval ?? "") };
  if ("List" in object) return { keyword, name: qualified(object.List.items, keyword) };
  return refuse("a grant on this kind of object cannot be taken back by itself");
}

function granteeName(node: Node): string {
  const role = "RoleSpec" in node ? node.RoleSpec : undefined;
  if (role?.roletype === "ROLESPEC_PUBLIC") return "PUBLIC";
  if (role?.roletype === "ROLESPEC_CSTRING" && role.rolename !== undefined) return role.rolename;
  return refuse("current_user is somebody else at each deployment", "name the role");
}

const RELATION_COMMENTS: Readonly<Record<string, string>> = {
  OBJECT_TABLE: "table",
  OBJECT_VIEW: "view",
  OBJECT_MATVIEW: "materialized view",
  OBJECT_SEQUENCE: "sequence",
  OBJECT_INDEX: "index",
  OBJECT_FOREIGN_TABLE: "foreign table",
};
const PART_COMMENTS: Readonly<Record<string, "column" | "policy" | "trigger" | "constraint">> = {
  OBJECT_COLUMN: "column",
  OBJECT_POLICY: "policy",
  OBJECT_TRIGGER: "trigger",
  OBJECT_TABCONSTRAINT: "constraint",
};

function readComment(objectType: string, object: Node | undefined): StatementReading {
  return attempt(() => {
    const { target, part } = commentTarget(objectType, object);
    const identity = commentIdentity(target, part);
    const words = RELATION_COMMENTS[objectType] ?? target.keyword;
    return [{ kind: "comment", identity, target, words, part }];
  });
}

function commentTarget(objectType: string, object: Node | undefined): Pick<CommentDeclaration, "target" | "part"> {
  const self: CommentPart = { kind: "self" };
  const items = object !== undefined && "List" in object ? (object.List.items ?? []) : [];
  if (RELATION_COMMENTS[objectType] !== undefined)
    return { target: { keyword: "table", name: qualified(items, "the object") }, part: self };
  const part = PART_COMMENTS[objectType];
  if (part !== undefined) {
    const last = items.at(-1);
    const target: TargetObject = { keyword: "table", name: qualified(items.slice(0, -1), `the table of the ${part}`) };
    return { target, part: { kind: part, name: last === undefined ? "" : stringOf(last) } };
  }
  if (object !== undefined && "ObjectWithArgs" in object && /^OBJECT_(FUNCTION|PROCEDURE|ROUTINE)$/.test(objectType)) {
    const keyword = GRANT_KEYWORDS[objectType] ?? "function";
    return { target: { keyword, name: routineName(object.ObjectWithArgs) }, part: self };
  }
  if (object !== undefined && "String" in object && objectType === "OBJECT_SCHEMA") {
    return { target: { keyword: "schema", name: quoteIdent(object.String.sval ?? "") }, part: self };
  }
  if (object !== undefined && "TypeName" in object)
    return { target: { keyword: "type", name: typeName(object.TypeName) }, part: self };
  return refuse("a comment on this kind of object cannot be taken back by itself");
}

function routineName(object: ObjectWithArgs): string {
  if (object.args_unspecified === true) refuse("the argument types are missing", "write them: schema.name(type, …)");
  const types = (object.objargs ?? []).map((node) => ("TypeName" in node ? typeName(node.TypeName) : ""));
  return `${qualified(object.objname, "the function")}(${types.join(", ")})`;
}

function relationName(relation: RangeVar | undefined, what: string): string {
  if (relation?.schemaname === undefined)
    refuse(`${what} is not schema-qualified`, `write schema.${relation?.relname ?? "name"}`);
  refuseTemporary(relation.schemaname, what);
  return quoteName(relation.schemaname, relation.relname ?? "");
}

function qualified(nodes: readonly Node[] | undefined, what: string): string {
  const names = (nodes ?? []).map(stringOf);
  if (names.length !== 2) refuse(`${what} is not schema-qualified`, `write schema.${names.at(-1) ?? "name"}`);
  refuseTemporary(names[0], what);
  return names.map(quoteIdent).join(".");
}

function refuseTemporary(schema: string | undefined, what: string): void {
  if (schema === "pg_temp") refuse(`${what} is temporary, and belongs to one session`, "write a schema that stays");
}

function stringOf(node: Node): string {
  return "String" in node ? (node.String.sval ?? "") : "";
}

/** A type as `drop function` takes it. Type modifiers are no part of a routine's identity and are left out. */
function typeName(type: TypeName | undefined): string {
  if (type?.pct_type === true)
    refuse("%type is looked up once, and does not follow the column when its type changes", "write the type itself");
  const names = (type?.names ?? []).map(stringOf);
  const bare = names[0] === "pg_catalog" ? names.slice(1) : names;
  const base = bare.map(quoteIdent).join(".");
  return `${type?.setof === true ? "setof " : ""}${base}${"[]".repeat(type?.arrayBounds?.length ?? 0)}`;
}
