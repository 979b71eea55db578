import type { DatabaseClient } from "../db/client.ts";
import type { Matrix, MatrixCell, MatrixRelation, Persona } from "../core/matrix.ts";
import { quoteIdent, quoteLiteral, quoteName } from "../core/quote-ident.ts";
import { TmDbError } from "../core/errors.ts";
import type { ApiSettings, RoleFacts } from "../db/impersonate.ts";
import { isDatabaseError } from "../db/run-script.ts";
import { type ApiCatalog, readApiCatalog, readPrivileges, type Relation } from "./catalog.ts";
import { type Answer, functionCells, relationCells, type Totals } from "./cells.ts";
import {
  candidatesSql,
  choosePeople,
  classSql,
  findKinship,
  groupsSql,
  type Kinship,
  type PeopleCandidate,
  personColumns,
  rowRule,
} from "./kinship.ts";
import { boundRoles } from "./personas.ts";
import {
  type Call,
  type Caller,
  columnRequests,
  functionRequest,
  keysSql,
  type ReadMode,
  type Request,
  relationRequests,
  type Sample,
  type Subject,
} from "./requests.ts";
import runner from "./runner.sql";

export interface ObserveOptions {
  /** How PostgREST is configured. */
  readonly api: ApiSettings;
  /** As which it logs in. */
  readonly authenticator: string;
  readonly personas: readonly Persona[];
  /** Arguments to call functions with, by `schema.function`. */
  readonly calls?: ReadonlyMap<string, readonly Call[]> | undefined;
  /** Whose column holds people, and the claim that does; found out where the project does not say. */
  readonly people?: { readonly schema: string; readonly table: string; readonly column: string } | undefined;
  readonly claim?: string | undefined;
  /** Tables that say who belongs to what, as `schema.table`; found out where the project does not say. */
  readonly memberships?: readonly string[] | undefined;
  /** Is told after each persona. */
  readonly onPersona?: ((name: string, progress: { readonly done: number; readonly of: number }) => void) | undefined;
}

/**
 * Lets every persona try everything that the API exposes, and tells how each attempt ended. `client` is connected, as the
 * owner of the tables, to a database that nobody else uses; it may be in a transaction, in which it then leaves no
 * trace. Nothing stays, but that sequences have moved.
 * @throws TmDbError IMPERSONATION_REFUSED for personas as whom a request would prove nothing; CONFIG_INVALID for people,
 * memberships or a claim that are not there.
 */
export async function observeMatrix(client: DatabaseClient, options: ObserveOptions): Promise<Matrix> {
  const isInside = client.getTransactionStatus() === "T";
  await client.query(isInside ? "savepoint tm_db_matrix" : "begin");
  try {
    return await new Observation(client, options).run();
  } finally {
    const undo = isInside ? "rollback to savepoint tm_db_matrix; release savepoint tm_db_matrix" : "rollback";
    // A lost connection has rolled back already, and must not hide why.
    await client.query(undo).catch(() => undefined);
  }
}

/** One matrix in the making: what is known of the database, in the order in which it becomes known. */
class Observation {
  readonly #client: DatabaseClient;
  readonly #options: ObserveOptions;

  constructor(client: DatabaseClient, options: ObserveOptions) {
    this.#client = client;
    this.#options = options;
  }

  async run(): Promise<Matrix> {
    const { api, authenticator, personas, calls } = this.#options;
    const roles = await boundRoles(this.#client, personas, { api, authenticator });
    const catalog = await readApiCatalog(this.#client, api.schemas);
    const exposed = [...catalog.relations.values()].filter((relation) => relation.exposed);
    const privileges = await readPrivileges(this.#client, { roles: [...roles.keys()], relations: exposed });
    const found = await this.#findPeople(catalog);
    const kinship = found === undefined ? undefined : findKinship(catalog, found, this.#memberships(catalog));
    await this.#client.query(`${SETUP}${runner}`);
    const callers = await this.#numberCallers(catalog, kinship, found?.claim);
    const subjects: Subject[] = [];
    for (const relation of exposed) subjects.push(await this.#prepare(catalog, kinship, relation));
    const totals = await this.#countRows(catalog, kinship, subjects);

    const people = callers.flatMap(({ person, groups }) => (person === null ? [] : [{ person, groups }]));
    const answers: Answer[] = [];
    for (const caller of callers) {
      const role = caller.persona.role;
      const context = { api, role: roles.get(role) as RoleFacts, caller, people };
      const granted = privileges.get(role);
      const first = await this.#answer(caller, [
        ...subjects.flatMap((subject) =>
          relationRequests(context, subject, granted?.get(subject.relation.oid) ?? NO_PRIVILEGES).map((request) => ({
            of: subject.relation,
            request,
          })),
        ),
        ...catalog.functions.map((routine) => ({
          of: routine,
          request: functionRequest(context, routine, calls?.get(`${routine.schema}.${routine.name}`) ?? []),
        })),
      ]);
      const again = subjects.flatMap((subject) =>
        columnRequests(context, subject, unreadable(first, subject)).map((request) => ({
          of: subject.relation,
          request,
        })),
      );
      answers.push(...first, ...(again.length === 0 ? [] : await this.#answer(caller, again)));
      this.#options.onPersona?.(caller.persona.name, { done: caller.number + 1, of: callers.length });
    }
    const cells = subjects.flatMap(({ relation }) => relationCells(relation, answers, totals));
    return {
      personas: personas.map(({ name, role }) => ({ name, role })),
      people: describePeople(catalog, kinship, found),
      relations: subjects.map(({ relation }) => describeRelation(relation, { catalog, kinship, totals, cells })),
      functions: catalog.functions.map(({ schema, name, inputs }) => ({
        schema,
        name,
        arguments: inputs.map(({ shown }) => shown),
      })),
      cells: [...cells, ...catalog.functions.flatMap((routine) => functionCells(routine, answers))],
    };
  }

  /** What the project says, or what the claims and keys leave no doubt about. */
  async #findPeople(catalog: ApiCatalog): Promise<PeopleCandidate | undefined> {
    const { people, claim, personas } = this.#options;
    if (claim !== undefined) refuseUnknownClaim(personas, claim);
    const claims = identifyingClaims(personas, claim);
    if (people !== undefined) {
      const { schema, table, column } = people;
      const relation = relationNamed(catalog, schema, table);
      const number = relation?.columns.find(({ name }) => name === column)?.number;
      if (relation === undefined || number === undefined)
        throw notThere("people", `${schema}.${table}.${column}`, "column");
      const [first] = claims.has("sub") ? ["sub"] : claims.keys();
      const used = claim ?? first;
      return used === undefined ? undefined : { claim: used, oid: relation.oid, number };
    }
    const sql = candidatesSql(catalog, claims);
    if (sql === undefined) return undefined;
    const { rows } = await this.#client.query<PeopleCandidate>(sql);
    return choosePeople(catalog, rows);
  }

  #memberships(catalog: ApiCatalog): string[] | undefined {
    return this.#options.memberships?.map((name) => {
      const [schema = "", table = ""] = name.split(".");
      const relation = relationNamed(catalog, schema, table);
      if (relation === undefined) throw notThere("memberships", name, "table");
      return relation.oid;
    });
  }

  async #numberCallers(
    catalog: ApiCatalog,
    kinship: Kinship | undefined,
    claim: string | undefined,
  ): Promise<Caller[]> {
    const persons = this.#options.personas.map(({ claims }) =>
      claim === undefined ? null : (scalar(claims[claim]) ?? null),
    );
    const groups = kinship === undefined ? "'{}'::text[]" : groupsSql(catalog, kinship, "p.person");
    await this.#client.query(
      `insert into pg_temp.tm_db_personas (n, person, groups)
       select p.n - 1, p.person, ${groups}
       from unnest($1::text[]) with ordinality as p (person, n)`,
      [persons],
    );
    const { rows } = await this.#client.query<{ groups: string[] }>(
      "select p.groups from pg_temp.tm_db_personas as p order by p.n",
    );
    return this.#options.personas.map((persona, number) => ({
      persona,
      number,
      person: persons[number] ?? null,
      groups: rows[number]?.groups ?? [],
    }));
  }

  async #prepare(catalog: ApiCatalog, kinship: Kinship | undefined, relation: Relation): Promise<Subject> {
    const reads = readModes(catalog, kinship, relation);
    const base = baseOf(catalog, relation);
    const persons = kinship === undefined ? [] : personColumns(kinship, relation);
    const { insert, update } = relation.writable;
    const samples = insert || update ? await this.#readSamples(catalog, kinship, relation) : [];
    return { relation, reads, base, persons, samples };
  }

  /** The first row of each group, in the order in which the fixtures made them: keys may be drawn at random. */
  async #readSamples(catalog: ApiCatalog, kinship: Kinship | undefined, relation: Relation): Promise<Sample[]> {
    const groups =
      kinship === undefined ? [] : rowRule(catalog, kinship, relation).groups.filter(({ isThing }) => !isThing);
    const array = `array[${groups.map(({ sql }) => sql).join(", ")}]::text[]`;
    const values = relation.columns.map(({ name }) => `${quoteLiteral(name)}, t.${quoteIdent(name)}::text`);
    const order = isTable(relation) ? "t.tableoid, t.ctid" : "";
    const rows = await this.#asOwner(relation, async () => {
      const { rows: found } = await this.#client.query<Sample>(
        `select q.groups, q.values
           from (
             select s.*, row_number() over (partition by s.groups order by s.n) as nth
             from (
               select ${array} as groups, jsonb_build_object(${values.join(", ")}) as values, row_number() over (${order === "" ? "" : `order by ${order}`}) as n
               from ${nameOf(relation)} as t
             ) as s
           ) as q
           where q.nth = 1
           order by q.n
           limit ${MOST_GROUPS}`,
      );
      return found;
    }, []);
    return rows.map((row) => ({ ...row, groups: row.groups.filter((group: string | null) => group !== null) }));
  }

  /** Fills `tm_db_rows` with the rows of all tables that count, and answers how many there are of each class. */
  async #countRows(catalog: ApiCatalog, kinship: Kinship | undefined, subjects: readonly Subject[]): Promise<Totals> {
    const tables = new Map<string, Relation>();
    for (const { relation, base, reads } of subjects) {
      const behind = reads.flatMap((mode) => (mode.kind === "keys" ? (catalog.relations.get(mode.rows) ?? []) : []));
      for (const table of [relation, base, ...behind].filter((each) => each !== undefined))
        if (isTable(table)) tables.set(table.oid, table);
    }
    for (const table of tables.values()) {
      await this.#asOwner(
        table,
        async () => await this.#client.query(rowsSql(table, classSql(catalog, kinship, table))),
        undefined,
      );
    }
    for (const { relation, reads } of subjects.filter(({ relation: { oid } }) => !tables.has(oid))) {
      const keyed = reads.find((mode) => mode.kind === "keys");
      const sql =
        keyed === undefined
          ? classTotalsSql(relation, classSql(catalog, kinship, relation))
          : keyTotalsSql(relation, keyed);
      await this.#asOwner(relation, async () => await this.#client.query(sql), undefined);
    }
    await this.#client.query(INDEX);
    const { rows } = await this.#client.query<{ relation: string; persona: number; class: string; rows: number }>(
      TOTALS,
    );
    const totals = new Map<string, Map<number, Record<string, number>>>();
    for (const row of rows) {
      const ofRelation = totals.get(row.relation) ?? new Map<number, Record<string, number>>();
      totals.set(row.relation, ofRelation.set(row.persona, { ...ofRelation.get(row.persona), [row.class]: row.rows }));
    }
    return totals;
  }

  /** With the policies of a table off that binds its owner too. A view that the owner cannot ask says nothing. */
  async #asOwner<T>(relation: Relation, query: () => Promise<T>, otherwise: T): Promise<T> {
    const { forced } = relation;
    await this.#client.query("savepoint tm_db_owner");
    try {
      if (forced) await this.#client.query(`alter table ${nameOf(relation)} no force row level security`);
      const result = await query();
      if (forced) await this.#client.query(`alter table ${nameOf(relation)} force row level security`);
      await this.#client.query("release savepoint tm_db_owner");
      return result;
    } catch (error) {
      if (!isDatabaseError(error) || isTable(relation)) throw error;
      await this.#client.query("rollback to savepoint tm_db_owner; release savepoint tm_db_owner");
      return otherwise;
    }
  }

  /** Makes the requests of a persona, in one round trip. */
  async #answer(
    { number, persona }: Caller,
    asked: readonly { readonly of: Answer["of"]; readonly request: Request }[],
  ): Promise<Answer[]> {
    const { rows } = await this.#client.query<{ answers: Answer["results"] }>(
      "select pg_temp.tm_db_try($1, $2::jsonb) as answers",
      [number, JSON.stringify(asked.map(({ request }) => request))],
    );
    const results = rows[0]?.answers ?? [];
    let from = 0;
    return asked.map(({ of, request: { cells } }) => {
      const own = results.slice(from, (from += cells.length));
      return { persona: persona.name, number, of, attempts: cells, results: own };
    });
  }
}

/** Columns that could not be read together. */
function unreadable(answers: readonly Answer[], { relation }: Subject): (readonly string[])[] {
  return answers
    .filter(({ of }) => of === relation)
    .flatMap(({ attempts, results }) =>
      attempts.flatMap(({ of }, index) =>
        of.kind === "columns" && results[index]?.kind !== "rows" ? [of.columns] : [],
      ),
    );
}

/** More things than these are not tried one by one. */
const MOST_GROUPS = 20;

const NO_PRIVILEGES = { select: [], insert: [], update: [] };

const SETUP = `create temp table tm_db_personas (n integer primary key, person text, groups text[] not null);
create temp table tm_db_rows (relation oid, n integer, persona integer, class text, key text, place text);
create temp table tm_db_totals (relation oid, persona integer, class text, rows bigint);
`;

const INDEX = `create index on pg_temp.tm_db_rows (relation, persona);
analyze pg_temp.tm_db_rows, pg_temp.tm_db_personas;
`;

const TOTALS = `select r.relation::text, r.persona, r.class, count(*)::integer as rows
from pg_temp.tm_db_rows as r
group by r.relation, r.persona, r.class
union all
select t.relation::text, t.persona, t.class, t.rows::integer
from pg_temp.tm_db_totals as t`;

const isTable = ({ kind }: Relation): boolean => kind === "r" || kind === "p";

const nameOf = ({ schema, name }: Relation): string => quoteName(schema, name);

function rowsSql(table: Relation, sql: string): string {
  const key = keyColumns(table).map((name) => `t.${quoteIdent(name)}::text`);
  return `insert into pg_temp.tm_db_rows (relation, n, persona, class, key, place)
    select ${table.oid}, t.tm_db_n, p.n, ${sql}, ${key.length === 0 ? "null" : `jsonb_build_array(${key.join(", ")})::text`}, t.tm_db_place
    from (
      select o.*, row_number() over (order by o.tableoid, o.ctid) as tm_db_n, o.tableoid::text || o.ctid::text as tm_db_place
      from ${nameOf(table)} as o
    ) as t
    cross join pg_temp.tm_db_personas as p`;
}

function classTotalsSql(relation: Relation, sql: string): string {
  return `insert into pg_temp.tm_db_totals
    select ${relation.oid}, p.n, ${sql}, count(*)
    from ${nameOf(relation)} as t
    cross join pg_temp.tm_db_personas as p
    group by 2, 3`;
}

function keyTotalsSql(relation: Relation, { columns, rows }: Extract<ReadMode, { readonly kind: "keys" }>): string {
  return `insert into pg_temp.tm_db_totals
    select ${relation.oid}, r.persona, r.class, count(*)
    from jsonb_array_elements((${keysSql(nameOf(relation), columns)})) as k
    join pg_temp.tm_db_rows as r on r.relation = ${rows} and r.key = k.value::text
    group by 2, 3`;
}

function keyColumns({ key, columns }: Relation): string[] {
  return key.flatMap((number) => columns.find((column) => column.number === number)?.name ?? []);
}

/** A table's rows by its key; a view's by the key of a table behind it, or by what the view itself shows of people. */
function readModes(catalog: ApiCatalog, kinship: Kinship | undefined, relation: Relation): ReadMode[] {
  if (isTable(relation)) {
    const columns = keyColumns(relation);
    return columns.length === 0 ? [] : [{ kind: "keys", columns, rows: relation.oid }];
  }
  const traced = catalog.lineage.filter(({ from }) => from === relation.oid);
  const behind = [...new Set(traced.map(({ to }) => to))].flatMap((oid): (ReadMode & { readonly shown: number })[] => {
    const table = catalog.relations.get(oid);
    if (table === undefined || !isTable(table) || table.key.length === 0) return [];
    const shown = traced.filter(({ to }) => to === oid);
    const columns = table.key.flatMap((number) => shown.find(({ toColumns }) => toColumns[0] === number)?.name ?? []);
    return columns.length === table.key.length ? [{ kind: "keys", columns, rows: oid, shown: shown.length }] : [];
  });
  const [keyed] = behind.toSorted((a, b) => b.shown - a.shown);
  const rule = kinship === undefined ? undefined : rowRule(catalog, kinship, relation);
  const classed: ReadMode[] =
    rule?.kind !== "grouped"
      ? []
      : [
          {
            kind: "classes",
            columns: [...rule.persons, ...rule.groups.map(({ column }) => column)],
            sql: classSql(catalog, kinship, relation),
          },
        ];
  return [...(keyed === undefined ? [] : [keyed]), ...classed];
}

/** The one table that a view shows, if it is one. */
function baseOf(catalog: ApiCatalog, relation: Relation): Relation | undefined {
  if (isTable(relation)) return relation;
  const tables = new Set(catalog.lineage.filter(({ from }) => from === relation.oid).map(({ to }) => to));
  const [only] = tables.size === 1 ? tables : [];
  const table = only === undefined ? undefined : catalog.relations.get(only);
  return table !== undefined && isTable(table) ? table : undefined;
}

/** @throws TmDbError CONFIG_INVALID: of those who send a token nobody has it, so it would tell nobody apart. */
function refuseUnknownClaim(personas: readonly Persona[], claim: string): void {
  const claims = new Set(personas.flatMap((persona) => Object.keys(persona.claims)));
  if (claims.size === 0 || claims.has(claim)) return;
  throw new TmDbError("CONFIG_INVALID", `nobody whom the fixtures make has the claim ${claim}`, {
    detail: `they have ${[...claims].toSorted().join(", ")}`,
    hint: "mend matrix.claim in tm-db.config.json",
  });
}

/** Claims of the token itself say nothing about who sends it. */
const TOKEN_CLAIMS = new Set(["role", "iat", "exp", "nbf", "iss", "aud", "jti"]);

/** Values of each claim that tells those apart who have it. One subject may send several tokens, as with a second factor. */
function identifyingClaims(personas: readonly Persona[], only: string | undefined): Map<string, string[]> {
  const claims = new Map<string, string[]>();
  for (const persona of personas) {
    for (const [claim, value] of Object.entries(persona.claims)) {
      const text = scalar(value);
      if (text === undefined || (only === undefined ? TOKEN_CLAIMS.has(claim) : claim !== only)) continue;
      const before = claims.get(claim) ?? [];
      claims.set(claim, claim === "sub" && before.includes(text) ? before : [...before, text]);
    }
  }
  return new Map([...claims].filter(([, values]) => new Set(values).size === values.length));
}

function scalar(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function relationNamed(catalog: ApiCatalog, schema: string, table: string): Relation | undefined {
  return [...catalog.relations.values()].find((each) => each.schema === schema && each.name === table);
}

function notThere(key: string, name: string, what: string): TmDbError {
  return new TmDbError("CONFIG_INVALID", `matrix.${key} names ${name}, and there is no such ${what}`, {
    hint: "mend tm-db.config.json; the names are those of the catalog, without quotes",
  });
}

function describePeople(
  catalog: ApiCatalog,
  kinship: Kinship | undefined,
  found: PeopleCandidate | undefined,
): Matrix["people"] {
  if (kinship === undefined || found === undefined) return null;
  const full = (oid: string): string => {
    const relation = catalog.relations.get(oid);
    return `${relation?.schema}.${relation?.name}`;
  };
  const column = catalog.relations.get(found.oid)?.columns.find(({ number }) => number === found.number)?.name;
  return {
    column: `${full(found.oid)}.${column}`,
    claim: found.claim,
    memberships: kinship.memberships.map(({ table, of }) => ({ table: full(table), of: full(of) })),
  };
}

const KINDS = { r: "table", p: "table", v: "view", m: "materialized view", f: "foreign table" } as const;

function describeRelation(
  relation: Relation,
  given: {
    readonly catalog: ApiCatalog;
    readonly kinship: Kinship | undefined;
    readonly totals: Totals;
    readonly cells: readonly MatrixCell[];
  },
): MatrixRelation {
  const { catalog, kinship, totals, cells } = given;
  const { oid, schema, name, kind, rowSecurity, policies } = relation;
  const rule = kinship === undefined ? undefined : rowRule(catalog, kinship, relation);
  const counts = Object.values(totals.get(oid)?.get(0) ?? {});
  const dependsOnCaller = cells.some(
    ({ subject, ended }) =>
      subject === `${schema}.${name}` &&
      ended.kind === "rows" &&
      Object.values(ended.rows).some(([, of]) => of === null),
  );
  return {
    schema,
    name,
    kind: KINDS[kind],
    rows: dependsOnCaller ? null : counts.reduce((sum, count) => sum + count, 0),
    own: rule?.persons ?? [],
    shared: rule?.groups.map(({ column }) => column) ?? [],
    rowSecurity,
    policies,
  };
}
