import type { MatrixAction, Persona } from "../core/matrix.ts";
import { quoteIdent, quoteLiteral, quoteName } from "../core/quote-ident.ts";
import { type ApiSettings, type HttpMethod, type RoleFacts, transactionSettings } from "../db/impersonate.ts";
import type { ApiFunction, Column, ColumnPrivileges, Relation } from "./catalog.ts";

/** How the rows that a query shows are told apart. */
export type ReadMode =
  /** By their key, which stands in `tm_db_rows` under the oid `rows`. */
  | { readonly kind: "keys"; readonly columns: readonly string[]; readonly rows: string }
  /** By what stands in them; the expression is over the row `t` and the persona `p`. */
  | { readonly kind: "classes"; readonly columns: readonly string[]; readonly sql: string };

/** A relation of the API with all that its cells are made of. */
export interface Subject {
  readonly relation: Relation;
  /** Ways to read it, the best first; a role may lack the columns for one. */
  readonly reads: readonly ReadMode[];
  /** The table whose rows a write changes: itself, or the one behind a view. */
  readonly base: Relation | undefined;
  /** Columns that hold a person. */
  readonly persons: readonly string[];
  /** A row for each thing that rows belong to, with its values as text; the first row first. */
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly groups: readonly string[];
  readonly values: Readonly<Record<string, string | null>>;
}

/** A persona with what is known of them as a person. */
export interface Caller {
  readonly persona: Persona;
  /** Number in `tm_db_rows`. */
  readonly number: number;
  /** Their claim, as the people's column has it; null for who is nobody. */
  readonly person: string | null;
  /** What they belong to. */
  readonly groups: readonly string[];
}

/** A call of a function that the project gave arguments for. */
export interface Call {
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly label: string;
}

/** One request to PostgREST, with the statements that are tried in it, each undone. */
export interface Request {
  readonly readOnly: boolean;
  readonly settings: readonly (readonly [string, string])[];
  readonly preRequest: string | null;
  readonly cells: readonly Attempt[];
}

/** A statement, and what its outcome says something about. The first four are for `runner.sql`. */
export interface Attempt {
  readonly sql: string;
  /** The same for one row, whose key is `$1`, as a JSON list of texts. */
  readonly each?: string;
  /** What a query answers: a list of keys, or an object of rows by class. */
  readonly reads?: "keys" | "classes" | "count";
  /** The oid in `tm_db_rows`, and the table whose old row versions tell what was changed. */
  readonly rows?: string;
  readonly place?: string;
  readonly forced?: boolean;
  readonly of: AttemptOf;
}

export type AttemptOf =
  | { readonly kind: "select"; readonly exact: boolean }
  | { readonly kind: "columns"; readonly columns: readonly string[] }
  | { readonly kind: "insert"; readonly variant: string }
  | { readonly kind: "given"; readonly column: string }
  | { readonly kind: "update"; readonly column: string }
  | { readonly kind: "delete" }
  | { readonly kind: "call"; readonly label: string; readonly returnsSet: boolean }
  | { readonly kind: "may-call" };

const METHODS: Readonly<Record<MatrixAction, HttpMethod>> = {
  select: "GET",
  insert: "POST",
  update: "PATCH",
  delete: "DELETE",
  execute: "POST",
};

export interface RequestContext {
  readonly api: ApiSettings;
  readonly role: Pick<RoleFacts, "settings">;
  readonly caller: Caller;
  /** Everybody who is a person, in the personas' order. */
  readonly people: readonly { readonly person: string; readonly groups: readonly string[] }[];
}

/** The requests of a persona for one relation: what they try of each command that it takes. */
export function relationRequests(context: RequestContext, subject: Subject, privileges: ColumnPrivileges): Request[] {
  const { relation } = subject;
  const { writable } = relation;
  const request = (action: MatrixAction, cells: readonly Attempt[]): Request =>
    makeRequest(
      context,
      { action, schema: relation.schema, path: `/${relation.name}`, readOnly: action === "select" },
      cells,
    );
  return [
    request("select", selectAttempts(subject, privileges, context.caller)),
    ...(writable.insert ? [request("insert", insertAttempts(context, subject, privileges))] : []),
    ...(writable.update ? [request("update", updateAttempts(context, subject, privileges))] : []),
    ...(writable.delete ? [request("delete", [deleteAttempt(subject, privileges)])] : []),
  ];
}

export function functionRequest(context: RequestContext, routine: ApiFunction, calls: readonly Call[]): Request {
  const fitting = calls.filter((call) => fits(routine, Object.keys(call.arguments)));
  const given = fitting.length === 0 && fits(routine, []) ? [{ arguments: {}, label: "" }] : fitting;
  const cells = given.length === 0 ? [mayCallAttempt(routine)] : given.map((call) => callAttempt(routine, call));
  return makeRequest(
    context,
    { action: "execute", schema: routine.schema, path: `/rpc/${routine.name}`, readOnly: !routine.isVolatile },
    cells,
  );
}

/** As PostgREST chooses between functions of one name: all that is given is known, and what has no default is given. */
function fits({ inputs, defaults }: ApiFunction, given: readonly string[]): boolean {
  const required = inputs.slice(0, inputs.length - defaults);
  const isKnown = given.every((name) => inputs.some((input) => input.name === name));
  return isKnown && required.every(({ name }) => given.includes(name));
}

function makeRequest(
  { api, role, caller }: RequestContext,
  given: { readonly action: MatrixAction; readonly schema: string; readonly path: string; readonly readOnly: boolean },
  cells: readonly Attempt[],
): Request {
  const { role: name, claims } = caller.persona;
  const request = { role: name, claims, method: METHODS[given.action], path: given.path };
  return {
    readOnly: given.readOnly,
    settings: transactionSettings({ api, request, schema: given.schema, role }),
    preRequest: api.preRequest === undefined ? null : api.preRequest.split(".").map(quoteIdent).join("."),
    cells,
  };
}

// ─── Reading ────────────────────────────────────────────────────────────────────────────────────────────────────────

function selectAttempts({ relation, reads }: Subject, { select }: ColumnPrivileges, caller: Caller): Attempt[] {
  const from = nameOf(relation);
  const mode = reads.find(({ columns }) => columns.every((name) => select.includes(name)));
  const names = relation.columns.map(({ name }) => name);
  const granted = names.filter((name) => select.includes(name));
  const others = names.filter((name) => !select.includes(name));
  return [
    readAttempt(from, mode, caller),
    // Most can be read together; where that fails, `columnRequests` asks for each.
    ...(granted.length === 0 ? [] : [columnsAttempt(from, granted)]),
    ...others.map((name) => columnsAttempt(from, [name])),
  ];
}

function columnsAttempt(from: string, columns: readonly string[]): Attempt {
  const row = columns.map((name) => `t.${quoteIdent(name)}`).join(", ");
  return {
    sql: `select pg_catalog.count(row(${row})) from ${from} as t`,
    reads: "count",
    of: { kind: "columns", columns },
  };
}

/** The columns, one by one, of which some attempt has read several together in vain. */
export function columnRequests(
  context: RequestContext,
  { relation }: Subject,
  failed: readonly (readonly string[])[],
): Request[] {
  const attempts = failed
    .filter(({ length }) => length > 1)
    .flatMap((columns) => columns.map((name) => columnsAttempt(nameOf(relation), [name])));
  const given = { action: "select" as const, schema: relation.schema, path: `/${relation.name}`, readOnly: true };
  return attempts.length === 0 ? [] : [makeRequest(context, given, attempts)];
}

/** Where no row can be told from another, how many there are. */
function readAttempt(from: string, mode: ReadMode | undefined, caller: Caller): Attempt {
  const of = { kind: "select" as const, exact: mode !== undefined };
  switch (mode?.kind) {
    case "keys":
      return { sql: keysSql(from, mode.columns), reads: "keys", rows: mode.rows, of };
    case "classes":
      return { sql: classesSql(from, mode.sql, caller), reads: "classes", of };
    case undefined:
      return {
        sql: `select pg_catalog.jsonb_build_object('all', pg_catalog.count(*)) from ${from} as t`,
        reads: "classes",
        of,
      };
  }
}

export function keysSql(from: string, columns: readonly string[]): string {
  const key = columns.map((name) => `t.${quoteIdent(name)}::text`).join(", ");
  return `select coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(${key})), '[]') from ${from} as t`;
}

function classesSql(from: string, sql: string, { person, groups }: Caller): string {
  const persona = `select ${literal(person)}::text as person, array[${groups.map(quoteLiteral).join(", ")}]::text[] as groups`;
  return `select coalesce(pg_catalog.jsonb_object_agg(q.class, q.n), '{}') from (select ${sql} as class, pg_catalog.count(*) as n from ${from} as t cross join (${persona}) as p group by 1) as q`;
}

// ─── Writing ────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * Copies of rows that are there: one for each thing that rows belong to, in one's own name and in another's. So each of
 * them fulfils what checks and references ask for, as far as a copy can.
 */
function insertAttempts(context: RequestContext, subject: Subject, { insert }: ColumnPrivileges): Attempt[] {
  const { relation, samples } = subject;
  const into = nameOf(relation);
  if (insert.length === 0 || samples.length === 0)
    return [{ sql: `insert into ${into} default values`, of: { kind: "insert", variant: "" } }];
  const copies = samples.flatMap((sample) =>
    namesFor(context, subject, { sample, insert }).map(({ as, values }): Attempt => {
      const columns = copiedColumns(subject, insert);
      const list = columns.map(({ name }) => quoteIdent(name)).join(", ");
      const row = columns.map(({ name }) => literal(values[name] ?? null)).join(", ");
      const sql =
        columns.length === 0 ? `insert into ${into} default values` : `insert into ${into} (${list}) values (${row})`;
      return { sql, of: { kind: "insert", variant: [placeOf(context.caller, sample), as].filter(Boolean).join(", ") } };
    }),
  );
  // Which columns it may give a value to: naming one asks for its privilege.
  const columns = relation.columns.flatMap(({ name, insertable }): Attempt[] => {
    if (!insertable) return [];
    const sql = `insert into ${into} (${quoteIdent(name)}) values (default)`;
    return [{ sql, of: { kind: "given", column: name } }];
  });
  return [...copies, ...columns];
}

/** A default that makes a key is left to make it; who and where are always said. */
function copiedColumns({ relation, persons }: Subject, insert: readonly string[]): Column[] {
  return relation.columns.filter(
    ({ name, number, insertable, identity, hasDefault }) =>
      insert.includes(name) &&
      insertable &&
      !identity &&
      (persons.includes(name) || !hasDefault || !relation.keys.some((key) => key.length === 1 && key[0] === number)),
  );
}

function placeOf({ groups }: Caller, sample: Sample): string {
  if (sample.groups.length === 0) return "";
  return sample.groups.some((group) => groups.includes(group)) ? "shared" : "other";
}

type Values = Sample["values"];

/** The row in the persona's own name, and in somebody else's. */
function namesFor(
  { caller, people }: RequestContext,
  { persons }: Subject,
  { sample, insert }: { readonly sample: Sample; readonly insert: readonly string[] },
): { readonly as: string; readonly values: Values }[] {
  const named = persons.filter((name) => insert.includes(name) && sample.values[name] !== null);
  if (named.length === 0) return [{ as: "", values: sample.values }];
  const others = people.filter(({ person }) => person !== caller.person);
  const other = others.find(({ groups }) => sample.groups.some((group) => groups.includes(group))) ?? others[0];
  const as = (person: (before: string | null) => string | null): Values => ({
    ...sample.values,
    ...Object.fromEntries(named.map((name) => [name, person(sample.values[name] ?? null)])),
  });
  const { person } = caller;
  return [
    ...(person === null ? [] : [{ as: "as oneself", values: as(() => person) }]),
    ...(other === undefined
      ? []
      : [{ as: "as another", values: as((before) => (before === person ? other.person : before)) }]),
  ];
}

/**
 * Without a condition, since one would also ask for SELECT and its policies: a request need not have one. To a value that
 * stands in the column already; who it names is the caller in one attempt, and another one in the next.
 */
function updateAttempts(context: RequestContext, subject: Subject, privileges: ColumnPrivileges): Attempt[] {
  const { relation, persons, samples } = subject;
  const { caller, people } = context;
  const another = people.find(({ person }) => person !== caller.person)?.person;
  return relation.columns.flatMap((column) => {
    const { name } = column;
    const to = (value: string, label: string): Attempt =>
      writeAttempt(subject, privileges, `update ${nameOf(relation)} as t set ${quoteIdent(name)} = ${value}`, {
        kind: "update",
        column: `${name}${label}`,
      });
    if (column.fixed) return [to("default", "")];
    if (!persons.includes(name) || caller.person === null || another === undefined)
      return [to(literal(samples[0]?.values[name] ?? null), "")];
    return [to(literal(caller.person), " = oneself"), to(literal(another), " = another")];
  });
}

function deleteAttempt(subject: Subject, privileges: ColumnPrivileges): Attempt {
  return writeAttempt(subject, privileges, `delete from ${nameOf(subject.relation)} as t`, { kind: "delete" });
}

function writeAttempt({ base, reads }: Subject, { select }: ColumnPrivileges, sql: string, of: AttemptOf): Attempt {
  const keyed = reads.find((mode) => mode.kind === "keys");
  const mayFind = keyed?.columns.every((name) => select.includes(name)) === true;
  const found = keyed?.columns.map((name, index) => `t.${quoteIdent(name)}::text = $1 ->> ${index}`).join(" and ");
  return {
    sql,
    of,
    ...(base === undefined ? {} : { rows: base.oid, place: nameOf(base), forced: base.forced }),
    ...(keyed?.rows === base?.oid && mayFind ? { each: `${sql} where ${found}` } : {}),
  };
}

// ─── Calling ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** As PostgREST calls: arguments by name, out of a JSON object. */
function callAttempt(routine: ApiFunction, { arguments: given, label }: Call): Attempt {
  const known = routine.inputs.filter(({ name }) => name in given);
  const name = quoteName(routine.schema, routine.name);
  const body = `pg_catalog.json_to_record(${quoteLiteral(JSON.stringify(given))})`;
  const columns = known.map((input) => `${quoteIdent(input.name)} ${input.type}`).join(", ");
  const passed = known
    .map(({ name: input, variadic }) => `${variadic ? "variadic " : ""}${quoteIdent(input)} := a.${quoteIdent(input)}`)
    .join(", ");
  const sql =
    known.length === 0
      ? `select called.* from ${name}() as called`
      : `select called.* from ${body} as a (${columns}), lateral ${name}(${passed}) as called`;
  return { sql, of: { kind: "call", label, returnsSet: routine.returnsSet } };
}

/** Explaining a call checks the privilege and calls nothing. */
function mayCallAttempt(routine: ApiFunction): Attempt {
  const nulls = routine.inputs.map(({ type, variadic }) => `${variadic ? "variadic " : ""}null::${type}`).join(", ");
  const sql = `explain select * from ${quoteName(routine.schema, routine.name)}(${nulls})`;
  return { sql, of: { kind: "may-call" } };
}

const nameOf = ({ schema, name }: Relation): string => quoteName(schema, name);

const literal = (value: string | null): string => (value === null ? "null" : quoteLiteral(value));
