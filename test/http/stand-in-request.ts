import { quoteIdent } from "../../src/core/quote-ident.ts";

/** What the stand-in answers instead of a result, in PostgREST's form. */
export class HttpFailure extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: string | null;
  readonly hint: string | null;

  constructor(
    status: number,
    code: string,
    message: string,
    more: { readonly details?: string | undefined; readonly hint?: string | undefined } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = more.details ?? null;
    this.hint = more.hint ?? null;
  }
}

/** A statement that answers one row: `body`, JSON as text, and `rows`, how many rows that is. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** A function of the API, as PostgREST's schema cache knows it. */
export interface Routine {
  readonly arguments: readonly { readonly name: string; readonly type: string }[];
  readonly returns: "rows" | "row" | "value" | "nothing";
}

/** What a request for a table or view says besides its name. */
export interface TableQuery {
  readonly select: readonly string[];
  readonly where: readonly { readonly column: string; readonly value: string }[];
  readonly order: readonly { readonly column: string; readonly descending: boolean }[];
  readonly limit: number | undefined;
}

const NAME = /^"?([a-z_][a-z0-9_]*)"?$/;

/**
 * Reads the parameters that the tests use: `select` of columns, `column=eq.value`, `order`, `limit`. Anything else is
 * refused, so that no test passes because the stand-in left out what it did not know.
 */
export function readTableQuery(parameters: URLSearchParams): TableQuery {
  const where: { column: string; value: string }[] = [];
  for (const [name, text] of parameters) {
    if (name === "select" || name === "order" || name === "limit" || name === "columns") continue;
    if (!text.startsWith("eq.")) throw unknownToStandIn(`${name}=${text}`);
    where.push({ column: columnName(name), value: text.slice("eq.".length) });
  }
  const select = parameters.get("select") ?? "*";
  const limit = parameters.get("limit");
  return {
    select: select === "*" ? [] : select.split(",").map(columnName),
    where,
    order: (parameters.get("order") ?? "")
      .split(",")
      .filter((term) => term !== "")
      .map(orderTerm),
    limit: limit === null ? undefined : Number(limit),
  };
}

function orderTerm(term: string): TableQuery["order"][number] {
  const [, name, direction] = /^([a-z_]+)(?:\.(asc|desc))?$/.exec(term) ?? [];
  if (name === undefined) throw unknownToStandIn(`order=${term}`);
  return { column: name, descending: direction === "desc" };
}

function columnName(text: string): string {
  const name = NAME.exec(text)?.[1];
  if (name === undefined) throw unknownToStandIn(text);
  return name;
}

function unknownToStandIn(what: string): HttpFailure {
  return new HttpFailure(501, "STAND-IN", `the stand-in does not know ${what}; PostgREST may`);
}

export function readStatement(table: string, query: TableQuery): Statement {
  const values: unknown[] = [];
  const order = query.order.map(({ column, descending }) => `${quoteIdent(column)}${descending ? " desc" : ""}`);
  const parts = [
    `select ${columns(query.select)} from ${table}`,
    conditions(query, values),
    order.length === 0 ? "" : `order by ${order.join(", ")}`,
    query.limit === undefined ? "" : `limit ${query.limit}`,
  ];
  return { sql: asJsonRows(parts.join(" ")), values };
}

/** `columns` are those of the body; a row that leaves one out gets null, as with PostgREST's `missing=default` unset. */
export function insertStatement(
  table: string,
  given: { readonly rows: readonly object[]; readonly returning: TableQuery | undefined },
): Statement {
  const [first = {}] = given.rows;
  const names = Object.keys(first).map(quoteIdent).join(", ");
  const sql =
    names === ""
      ? `insert into ${table} default values`
      : `insert into ${table} (${names}) select ${names} from json_populate_recordset(null::${table}, $1)`;
  return {
    sql: asChange(`${sql} ${returning(given.returning)}`),
    values: names === "" ? [] : [JSON.stringify(given.rows)],
  };
}

export function updateStatement(
  table: string,
  given: { readonly row: object; readonly query: TableQuery; readonly returning: TableQuery | undefined },
): Statement {
  const values: unknown[] = [JSON.stringify(given.row)];
  const assignments = Object.keys(given.row).map((name) => `${quoteIdent(name)} = _body.${quoteIdent(name)}`);
  const where = conditions(given.query, values, `${table}.`);
  const sql = `update ${table} set ${assignments.join(", ")} from json_populate_record(null::${table}, $1) as _body ${where}`;
  return { sql: asChange(`${sql} ${returning(given.returning, `${table}.`)}`), values };
}

export function deleteStatement(
  table: string,
  given: { readonly query: TableQuery; readonly returning: TableQuery | undefined },
): Statement {
  const values: unknown[] = [];
  const sql = `delete from ${table} ${conditions(given.query, values)} ${returning(given.returning)}`;
  return { sql: asChange(sql), values };
}

export function callStatement(name: string, routine: Routine, body: object): Statement {
  const given = routine.arguments.filter((argument) => Object.hasOwn(body, argument.name));
  const types = given.map((argument) => `${quoteIdent(argument.name)} ${argument.type}`);
  const passed = given.map((argument) => `${quoteIdent(argument.name)} => _body.${quoteIdent(argument.name)}`);
  const source = given.length === 0 ? "" : `from json_to_record($1) as _body (${types.join(", ")})`;
  const call = `${name}(${passed.join(", ")})`;
  const values = given.length === 0 ? [] : [JSON.stringify(body)];
  if (routine.returns === "value" || routine.returns === "nothing") {
    return { sql: `select to_json(${call})::text as body, 1 as rows ${source}`, values };
  }
  const lateral = source === "" ? `from ${call} as _result` : `${source}, lateral ${call} as _result`;
  const list = asJsonRows(`select _result.* ${lateral}`);
  const one = `select (_all.body::json -> 0)::text as body, _all.rows from (${list}) as _all`;
  return { sql: routine.returns === "rows" ? list : one, values };
}

function columns(names: readonly string[], prefix = ""): string {
  return names.length === 0 ? `${prefix}*` : names.map((name) => `${prefix}${quoteIdent(name)}`).join(", ");
}

function conditions({ where }: TableQuery, values: unknown[], prefix = ""): string {
  const terms = where.map(({ column, value }) => {
    values.push(value);
    return `${prefix}${quoteIdent(column)} = $${values.length}`;
  });
  return terms.length === 0 ? "" : `where ${terms.join(" and ")}`;
}

/** Without `return=representation` nothing is read, so that no privilege to read is needed. */
function returning(query: TableQuery | undefined, prefix = ""): string {
  return `returning ${query === undefined ? "1" : columns(query.select, prefix)}`;
}

function asJsonRows(select: string): string {
  return `select coalesce(json_agg(_row), '[]')::text as body, count(*)::integer as rows from (${select}) as _row`;
}

function asChange(statement: string): string {
  return `with _row as (${statement}) select coalesce(json_agg(_row), '[]')::text as body, count(*)::integer as rows from _row`;
}
