import type {
  AlterTableStmt,
  ColumnDef,
  Constraint,
  CreateFunctionStmt,
  CreateStmt,
  GrantStmt,
  Node,
  RangeVar,
  TypeName,
} from "libpg-query";
import type { SourceLocation } from "../core/errors.ts";
import { locate } from "../core/locate.ts";
import type { MigrationFile, ProjectFiles, SourceFile } from "../core/project-files.ts";
import type { FindDeclaration, Subject } from "../core/subject.ts";
import { onlyPart, splitMigration } from "./migration-sql.ts";
import { byteOffsets, loadSqlParser, parseSql } from "./parse-sql.ts";

/**
 * Reads where a project's files declare what. Migrations count in their order and repeatables after them: the last
 * statement that makes a thing is where it is declared. Names that a file leaves unqualified match in every schema.
 * What only PL/pgSQL or a script makes is not seen; a file that does not parse declares nothing.
 */
export async function readDeclarations(files: ProjectFiles): Promise<FindDeclaration> {
  await loadSqlParser();
  const places = new Map<string, Place>();
  for (const source of [...files.migrations.flatMap(upPart), ...files.repeatables]) readFile(source, places);
  return (subject) => firstOf(places, candidates(subject));
}

function upPart(file: MigrationFile): Pick<SourceFile, "path" | "text">[] {
  return file.language === "sql" ? [{ path: file.path, text: onlyPart(file.text, splitMigration(file).up) }] : [];
}

/** A character of a file: its line is counted when somebody asks. */
interface Place {
  readonly source: Pick<SourceFile, "path" | "text">;
  readonly offset: number;
}

function readFile(source: Pick<SourceFile, "path" | "text">, places: Map<string, Place>): void {
  let statements;
  try {
    statements = parseSql(source);
  } catch {
    // Whoever runs the file says what is wrong with it.
    return;
  }
  const toOffset = byteOffsets(source.text);
  for (const { node, start } of statements) {
    for (const { key, byte } of keysOf(node)) {
      places.set(key, { source, offset: byte === undefined ? start : toOffset(byte) });
    }
  }
}

/** What a statement declares; `byte`: where in the file, if not where the statement begins. */
interface Declared {
  readonly key: string;
  readonly byte?: number | undefined;
}

/** A name in two parts; an empty schema is one that the file leaves out. */
type Name = readonly [schema: string, name: string];

const keyOf = (kind: string, ...parts: readonly string[]): string => JSON.stringify([kind, ...parts]);

function keysOf(node: Node): Declared[] {
  if ("CreateStmt" in node) return ofTable(node.CreateStmt);
  if ("CreateForeignTableStmt" in node) return ofTable(node.CreateForeignTableStmt.base ?? {});
  if ("AlterTableStmt" in node) return ofAlterTable(node.AlterTableStmt);
  if ("ViewStmt" in node) return [relation(node.ViewStmt.view)];
  if ("CreateTableAsStmt" in node) return [relation(node.CreateTableAsStmt.into?.rel)];
  if ("CreateSeqStmt" in node) return [relation(node.CreateSeqStmt.sequence)];
  if ("IndexStmt" in node) {
    const { idxname, relation: table } = node.IndexStmt;
    return [{ key: keyOf("index", table?.schemaname ?? "", idxname ?? "") }];
  }
  if ("CreateFunctionStmt" in node) return ofFunction(node.CreateFunctionStmt);
  if ("CreatePolicyStmt" in node)
    return [part("policy", node.CreatePolicyStmt.table, node.CreatePolicyStmt.policy_name)];
  if ("AlterPolicyStmt" in node) return [part("policy", node.AlterPolicyStmt.table, node.AlterPolicyStmt.policy_name)];
  if ("CreateTrigStmt" in node) return [part("trigger", node.CreateTrigStmt.relation, node.CreateTrigStmt.trigname)];
  if ("GrantStmt" in node) return ofGrant(node.GrantStmt);
  if ("AlterDefaultPrivilegesStmt" in node) {
    const { action, options } = node.AlterDefaultPrivilegesStmt;
    return action === undefined ? [] : ofGrant(action, schemasOf(options));
  }
  if ("CreateSchemaStmt" in node) return [{ key: keyOf("schema", node.CreateSchemaStmt.schemaname ?? "") }];
  if ("CreateRoleStmt" in node) return [{ key: keyOf("role", node.CreateRoleStmt.role ?? "") }];
  if ("CreateExtensionStmt" in node) return [{ key: keyOf("extension", node.CreateExtensionStmt.extname ?? "") }];
  if ("CreateEnumStmt" in node) return [{ key: keyOf("type", ...nameOf(node.CreateEnumStmt.typeName)) }];
  if ("CreateDomainStmt" in node) return [{ key: keyOf("type", ...nameOf(node.CreateDomainStmt.domainname)) }];
  if ("CompositeTypeStmt" in node) return [{ key: keyOf("type", ...rangeName(node.CompositeTypeStmt.typevar)) }];
  return [];
}

function ofTable(statement: CreateStmt): Declared[] {
  const parts = (statement.tableElts ?? []).flatMap((element) => tableElement(statement.relation, element));
  return [relation(statement.relation), ...parts];
}

function tableElement(table: RangeVar | undefined, element: Node): Declared[] {
  if ("Constraint" in element) return constraint(table, element.Constraint);
  return "ColumnDef" in element ? column(table, element.ColumnDef) : [];
}

function column(table: RangeVar | undefined, { colname, location, constraints }: ColumnDef): Declared[] {
  const own = (constraints ?? []).flatMap((node) => ("Constraint" in node ? constraint(table, node.Constraint) : []));
  return [{ ...part("column", table, colname), byte: location }, ...own];
}

function constraint(table: RangeVar | undefined, { conname, location }: Constraint): Declared[] {
  return conname === undefined ? [] : [{ ...part("constraint", table, conname), byte: location }];
}

function ofAlterTable({ relation: table, cmds }: AlterTableStmt): Declared[] {
  return (cmds ?? []).flatMap((node): Declared[] => {
    if (!("AlterTableCmd" in node)) return [];
    const { subtype, def } = node.AlterTableCmd;
    if (/RowSecurity$/.test(subtype ?? "")) return [{ key: keyOf("row-security", ...rangeName(table)) }];
    return def !== undefined && /^AT_Add(Column|Constraint)$/.test(subtype ?? "") ? tableElement(table, def) : [];
  });
}

function ofFunction({ funcname, parameters }: CreateFunctionStmt): Declared[] {
  const inputs = (parameters ?? []).flatMap((node) => {
    if (!("FunctionParameter" in node)) return [];
    const { mode, argType } = node.FunctionParameter;
    return ["FUNC_PARAM_OUT", "FUNC_PARAM_TABLE"].includes(mode ?? "") ? [] : [parsedType(argType)];
  });
  const name = nameOf(funcname);
  return [{ key: keyOf("function", ...name) }, { key: keyOf("function", ...name, ...inputs) }];
}

function ofGrant(statement: GrantStmt, schemas: readonly string[] = []): Declared[] {
  if (statement.is_grant !== true) return [];
  const targets =
    statement.targtype === "ACL_TARGET_OBJECT" ? namedTargets(statement) : wholeSchemas(statement, schemas);
  const grantees = (statement.grantees ?? []).flatMap((node) => {
    const role = "RoleSpec" in node ? node.RoleSpec : undefined;
    return role === undefined ? [] : [role.roletype === "ROLESPEC_PUBLIC" ? "PUBLIC" : (role.rolename ?? "")];
  });
  return privileges(statement).flatMap((privilege) =>
    grantees.flatMap((grantee) => targets.map((target) => ({ key: keyOf("grant", ...privilege, grantee, ...target) }))),
  );
}

/** Privilege and column; a privilege on the whole has an empty column. */
function privileges(statement: GrantStmt): [privilege: string, column: string][] {
  const named = (statement.privileges ?? []).flatMap((node) => ("AccessPriv" in node ? [node.AccessPriv] : []));
  if (named.length === 0) return [["all", ""]];
  return named.flatMap(({ priv_name = "all", cols }): [string, string][] =>
    cols === undefined ? [[priv_name, ""]] : cols.map((node) => [priv_name, textOf(node)]),
  );
}

const ROUTINES = new Set(["OBJECT_FUNCTION", "OBJECT_PROCEDURE", "OBJECT_ROUTINE"]);

function namedTargets(statement: GrantStmt): string[][] {
  return (statement.objects ?? []).flatMap((node): string[][] => {
    if ("RangeVar" in node) return [["relation", ...rangeName(node.RangeVar)]];
    if ("ObjectWithArgs" in node) return [["function", ...nameOf(node.ObjectWithArgs.objname)]];
    return "String" in node && statement.objtype === "OBJECT_SCHEMA" ? [["schema", textOf(node)]] : [];
  });
}

/** `grant … on all tables in schema` and `alter default privileges`: whatever is in the schema. */
function wholeSchemas(statement: GrantStmt, schemas: readonly string[]): string[][] {
  const named = statement.targtype === "ACL_TARGET_ALL_IN_SCHEMA" ? (statement.objects ?? []).map(textOf) : schemas;
  const kind = ROUTINES.has(statement.objtype ?? "") ? "function" : "relation";
  return (named.length === 0 ? [""] : named).map((schema) => [kind, schema, "*"]);
}

function schemasOf(options: readonly Node[] | undefined): string[] {
  return (options ?? []).flatMap((node) => {
    const option = "DefElem" in node ? node.DefElem : undefined;
    const names = option?.defname === "schemas" ? option.arg : undefined;
    return names !== undefined && "List" in names ? (names.List.items ?? []).map(textOf) : [];
  });
}

const relation = (name: RangeVar | undefined): Declared => ({ key: keyOf("relation", ...rangeName(name)) });

const part = (kind: string, table: RangeVar | undefined, name: string | undefined): Declared => ({
  key: keyOf(kind, ...rangeName(table), name ?? ""),
});

const rangeName = (name: RangeVar | undefined): Name => [name?.schemaname ?? "", name?.relname ?? ""];

function nameOf(nodes: readonly Node[] | undefined): Name {
  const names = (nodes ?? []).map(textOf);
  return [names.at(-2) ?? "", names.at(-1) ?? ""];
}

const textOf = (node: Node): string => ("String" in node ? (node.String.sval ?? "") : "");

/** The catalog's names of the types that SQL spells in words of its own. */
const CATALOG_NAMES: Readonly<Record<string, string>> = {
  bigint: "int8",
  integer: "int4",
  smallint: "int2",
  real: "float4",
  "double precision": "float8",
  boolean: "bool",
  "character varying": "varchar",
  character: "bpchar",
  "bit varying": "varbit",
  "timestamp with time zone": "timestamptz",
  "timestamp without time zone": "timestamp",
  "time with time zone": "timetz",
  "time without time zone": "time",
};

const parsedType = (type: TypeName | undefined): string =>
  `${textOf(type?.names?.at(-1) ?? { String: {} })}${type?.arrayBounds === undefined ? "" : "[]"}`;

/** `bigint[]` → `int8[]`; `api."Mood"` → `Mood`: a type as `parsedType` names it. */
function formattedType(formatted: string): string {
  const array = formatted.endsWith("[]") ? "[]" : "";
  const whole = formatted.slice(0, formatted.length - array.length).replace(/\([\d,]+\)/, "");
  const bare = /(?:^|\.)(?:"((?:[^"]|"")+)"|([^".]+))$/.exec(whole);
  const name = bare?.[1]?.replaceAll('""', '"') ?? bare?.[2] ?? whole;
  return `${CATALOG_NAMES[name] ?? name}${array}`;
}

/** The keys under which a subject may stand, the most telling first. */
function candidates(subject: Subject): string[] {
  switch (subject.kind) {
    case "schema":
    case "role":
    case "extension":
      return [keyOf(subject.kind, subject.name)];
    case "relation":
    case "index":
    case "type":
      return inSchema(subject.schema, (schema) => keyOf(subject.kind, schema, subject.name));
    case "function": {
      const { arguments: inputs, name } = subject;
      return inSchema(subject.schema, (schema) =>
        keyOf("function", schema, name, ...(inputs === undefined ? [] : inputs.map(formattedType))),
      );
    }
    case "column":
    case "policy":
    case "trigger":
    case "constraint":
      return [
        ...inSchema(subject.schema, (schema) => keyOf(subject.kind, schema, subject.relation, subject.name)),
        ...(subject.kind === "policy" ? [] : candidates({ ...subject, kind: "relation", name: subject.relation })),
      ];
    case "row-security":
      return [
        ...inSchema(subject.schema, (schema) => keyOf("row-security", schema, subject.relation)),
        ...candidates({ ...subject, kind: "relation", name: subject.relation }),
      ];
    case "grant":
      return [...grantCandidates(subject), ...candidates(subject.on)];
  }
}

function grantCandidates(grant: Extract<Subject, { readonly kind: "grant" }>): string[] {
  const { on, grantee, column = "" } = grant;
  const targets =
    on.kind === "schema"
      ? [["schema", on.name]]
      : [on.name, "*"].flatMap((name) => [on.schema, ""].map((schema) => [on.kind, schema, name]));
  const columns = column === "" ? [""] : [column, ""];
  return targets.flatMap((target) =>
    columns.flatMap((name) =>
      [grant.privilege.toLowerCase(), "all"].map((privilege) => keyOf("grant", privilege, name, grantee, ...target)),
    ),
  );
}

const inSchema = (schema: string, key: (schema: string) => string): string[] => [key(schema), key("")];

function firstOf(places: ReadonlyMap<string, Place>, keys: readonly string[]): SourceLocation | undefined {
  for (const key of keys) {
    const place = places.get(key);
    if (place !== undefined) return locate(place.source.path, place.source.text, place.offset);
  }
  return undefined;
}
