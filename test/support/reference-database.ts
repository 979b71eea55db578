import { randomBytes } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, inject } from "vitest";
import { quoteIdent } from "../../src/core/quote-ident.ts";
import { type ApiSettings, type HttpMethod, withRequest } from "../../src/db/impersonate.ts";
import type { TestServer } from "./global-setup.ts";
import { failureOutcome, type Outcome, type Row } from "./outcome.ts";

export const API: ApiSettings = { schemas: ["api"], extraSearchPath: ["public"], preRequest: "auth.pre_request" };

/** Who makes a request: what PostgREST takes from a token, or from its lack. */
export interface Persona {
  readonly role: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** A persona with an account. */
export interface User extends Persona {
  readonly id: number;
  readonly name: string;
  readonly email: string;
}

export const anonymous: Persona = { role: "api_anonymous", claims: {} };

/** Somebody whose token says `user_id` in just this way; `undefined` leaves the claim out. */
export function claiming(userId: unknown): Persona {
  return {
    role: "api_user",
    claims: { ...(userId === undefined ? {} : { user_id: userId }), iat: now(), exp: now() + 3600 },
  };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

export type Login = "owner" | "authenticator" | "superuser";

/** Equality on each column; null is `is null`. */
export type Filter = Readonly<Record<string, unknown>>;

export interface Members {
  readonly admin?: readonly User[];
  readonly contributor?: readonly User[];
  readonly viewer?: readonly User[];
}

/** A clone of the reference database, for one test file. */
export interface ReferenceDatabase {
  readonly name: string;
  readonly server: TestServer;
  /** Another connection; closed with the database. */
  connect(login: Login): Promise<pg.Client>;
  /** Rows of a query as the owner, whom no policy binds. */
  rows<R extends pg.QueryResultRow = Record<string, unknown>>(sql: string, values?: readonly unknown[]): Promise<R[]>;
  /** The first column of the first row, as the owner. */
  value<T>(sql: string, values?: readonly unknown[]): Promise<T>;
  /** Requests that stay. */
  as(persona: Persona, client?: pg.Client): Requests;
  /** Requests that leave nothing behind, so that many can be tried on the same rows. */
  attempt(persona: Persona, client?: pg.Client): Requests;
  /** Accounts that nobody can log in to, one for each name. */
  users<const Names extends readonly string[]>(...names: Names): Promise<{ [Name in Names[number]]: User }>;
  project(owner: User, members?: Members, values?: Row): Promise<number>;
  task(project: number, values?: Row): Promise<number>;
  comment(task: number, author: User | undefined, content?: string): Promise<number>;
}

/** Gives a test file its database; to be called at its top. */
export function useReferenceDatabase(): ReferenceDatabase {
  const server = inject("server");
  const name = `reference_${randomBytes(6).toString("hex")}`;
  const clients: pg.Client[] = [];
  let owner: pg.Client;
  let authenticator: pg.Client;

  const connect = async (login: Login): Promise<pg.Client> => {
    const client = await openClient(server, login, name);
    clients.push(client);
    return client;
  };
  beforeAll(async () => {
    await cloneDatabase(server, name);
    [owner, authenticator] = await Promise.all([connect("owner"), connect("authenticator")]);
  });
  // The database itself goes with its server: dropping it would only cost time.
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end()));
  });

  const rows = async <R extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<R[]> =>
    (await owner.query<R>(sql, [...values])).rows;
  const value = async <T>(sql: string, values: readonly unknown[] = []): Promise<T> => {
    const [row] = await rows<Record<string, T>>(sql, values);
    return Object.values(row ?? {})[0] as T;
  };
  const insert = async (table: string, row: Row): Promise<number> => {
    const columns = Object.keys(row);
    const places = columns.map((_, index) => `$${index + 1}`);
    return await value(
      `insert into api.${table} (${columns.map(quoteIdent).join(", ")}) values (${places.join(", ")}) returning id`,
      Object.values(row),
    );
  };
  const requests = (end: "commit" | "roll-back") => (persona: Persona, client?: pg.Client) =>
    new Requests({ persona, end, client: () => client ?? authenticator, owner: () => owner });

  return {
    name,
    server,
    connect,
    rows,
    value,
    as: requests("commit"),
    attempt: requests("roll-back"),
    users: async (...names) => {
      const made = await rows<{ id: number; email: string; name: string }>(
        `with made as (
           insert into api.users (email, name)
           select lower(name) || '.' || $2 || '@example.com', name from unnest($1::text[]) as name
           returning id, email, name
         ), credentials as (
           -- No password has this hash: what a hash costs to make is time that only the tests of passwords spend.
           insert into auth.credentials (user_id, password_hash) select id, '*' from made
         )
         select * from made`,
        [names, randomBytes(4).toString("hex")],
      );
      const entries = made.map(({ id, email, name: userName }): [string, User] => [
        userName,
        { id, email, name: userName, role: "api_user", claims: { ...claiming(id).claims, email } },
      ]);
      return Object.fromEntries(entries) as { [Name in (typeof names)[number]]: User };
    },
    project: async (user, members = {}, values = {}) => {
      const id = await insert("projects", { name: "Project", owner_id: user.id, ...values });
      const joining = Object.entries(members).flatMap(([role, users]) =>
        (users as readonly User[]).map((member) => ({ role, id: member.id })),
      );
      await rows(
        `insert into api.project_members (project_id, user_id, role)
         select $1, m.id, m.role from jsonb_to_recordset($2) as m (id bigint, role text)`,
        [id, JSON.stringify(joining)],
      );
      return id;
    },
    task: async (project, values = {}) => await insert("tasks", { title: "Task", project_id: project, ...values }),
    comment: async (task, author, content = "Comment") =>
      await insert("comments", { task_id: task, user_id: author?.id ?? null, content }),
  };
}

/** A connection to a test server, with whole numbers as numbers and times as the text that PostgreSQL sends. */
export async function openClient(server: TestServer, login: Login, database: string): Promise<pg.Client> {
  const { owner, superuser, authenticatorPassword } = server;
  const logins = {
    owner: { user: owner.user, password: owner.password },
    superuser: { user: superuser.user, password: superuser.password },
    authenticator: { user: "authenticator", password: authenticatorPassword },
  };
  const { user, password } = logins[login];
  const client = new pg.Client({
    host: owner.host,
    port: owner.port,
    database,
    user,
    password: password ?? "",
    types: TYPES,
  });
  await client.connect();
  return client;
}

const INT8 = 20;
const TEXT_LIKE: ReadonlySet<number> = new Set([1082, 1114, 1184]);
const TYPES: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format: "text" | "binary") => {
    if (oid === INT8) return Number;
    return TEXT_LIKE.has(oid) ? (text: string) => text : (pg.types.getTypeParser(oid, format) as unknown);
  }) as typeof pg.types.getTypeParser,
};

/** Copies the template; the copy belongs to the template's owner. */
export async function cloneDatabase(server: TestServer, name: string): Promise<void> {
  const client = await openClient(server, "owner", "postgres");
  try {
    await client.query(`create database ${quoteIdent(name)} template ${quoteIdent(server.template)} strategy wal_log`);
  } finally {
    await client.end();
  }
}

type TablePrivilege = "select" | "insert" | "update" | "delete";

/** One persona's requests, each in a transaction of its own as PostgREST makes it. */
export class Requests {
  readonly #persona: Persona;
  readonly #end: "commit" | "roll-back";
  readonly #client: () => pg.Client;
  readonly #owner: () => pg.Client;

  constructor(given: {
    persona: Persona;
    end: "commit" | "roll-back";
    client: () => pg.Client;
    owner: () => pg.Client;
  }) {
    this.#persona = given.persona;
    this.#end = given.end;
    this.#client = given.client;
    this.#owner = given.owner;
  }

  async get(table: string, filter: Filter = {}, select = "*"): Promise<Outcome> {
    const values: unknown[] = [];
    const sql = `select ${select} from api.${quoteIdent(table)}${where(filter, values)}`;
    const columns = select === "*" ? [] : select.split(",").map((column) => column.trim());
    return await this.#run("GET", `/${table}`, {
      sql,
      values,
      hasPrivilege: this.#privileges(table, { select: [...columns, ...Object.keys(filter)] }),
    });
  }

  /** `returning` is what PostgREST's `select` names; without it nothing comes back but a row for each that was written. */
  async post(table: string, body: Row, returning = "1"): Promise<Outcome> {
    const columns = Object.keys(body);
    const places = columns.map((_, index) => `$${index + 1}`);
    const sql = `insert into api.${quoteIdent(table)} (${columns.map(quoteIdent).join(", ")}) values (${places.join(", ")}) returning ${returning}`;
    return await this.#run("POST", `/${table}`, {
      sql,
      values: Object.values(body),
      hasPrivilege: this.#privileges(table, { insert: columns }),
    });
  }

  async patch(table: string, filter: Filter, body: Row, returning = "1"): Promise<Outcome> {
    const values: unknown[] = Object.values(body);
    const columns = Object.keys(body);
    const assignments = columns.map((column, index) => `${quoteIdent(column)} = $${index + 1}`);
    const sql = `update api.${quoteIdent(table)} set ${assignments.join(", ")}${where(filter, values)} returning ${returning}`;
    const hasPrivilege = this.#privileges(table, { update: columns, select: Object.keys(filter) });
    return await this.#run("PATCH", `/${table}`, { sql, values, hasPrivilege });
  }

  async delete(table: string, filter: Filter, returning = "1"): Promise<Outcome> {
    const values: unknown[] = [];
    const sql = `delete from api.${quoteIdent(table)}${where(filter, values)} returning ${returning}`;
    return await this.#run("DELETE", `/${table}`, {
      sql,
      values,
      hasPrivilege: this.#privileges(table, { delete: [], select: Object.keys(filter) }),
    });
  }

  async rpc(name: string, args: Row = {}, method: HttpMethod = "POST"): Promise<Outcome> {
    const names = Object.keys(args);
    const given = names.map((arg, index) => `${quoteIdent(arg)} => $${index + 1}`);
    const hasPrivilege = async (): Promise<boolean> => {
      const { rows } = await this.#owner().query<{ has: boolean | null }>(
        `select bool_and(has_function_privilege($1, p.oid, 'execute')) as has
         from pg_proc as p where p.pronamespace = 'api'::regnamespace and p.proname = $2`,
        [this.#persona.role, name],
      );
      return rows[0]?.has === true;
    };
    return await this.#run(method, `/rpc/${name}`, {
      sql: `select * from api.${quoteIdent(name)}(${given.join(", ")})`,
      values: Object.values(args),
      hasPrivilege,
      calls: { name, arguments: names },
    });
  }

  /** Any statement, as a request of that method. */
  async sql(method: HttpMethod, sql: string, values: readonly unknown[] = []): Promise<Outcome> {
    return await this.#run(method, "/", { sql, values, hasPrivilege: () => Promise.resolve(false) });
  }

  async #run(
    method: HttpMethod,
    path: string,
    query: {
      readonly sql: string;
      readonly values: readonly unknown[];
      readonly hasPrivilege: () => Promise<boolean>;
      readonly calls?: { readonly name: string; readonly arguments: readonly string[] };
    },
  ): Promise<Outcome> {
    const { role, claims } = this.#persona;
    const values = query.values.map((value) => (isJson(value) ? JSON.stringify(value) : value));
    try {
      const run = { api: API, request: { role, claims, method, path, calls: query.calls }, end: this.#end };
      return await withRequest(this.#client(), run, async (client) => {
        const { rows } = await client.query<Record<string, unknown>>(query.sql, values);
        return { kind: "rows", rows } as const;
      });
    } catch (error) {
      return await failureOutcome(error, { anonymous: role === anonymous.role, hasPrivilege: query.hasPrivilege });
    }
  }

  /** Whether the role has all that a statement needs, by the catalog: on the table, or on each column it names. */
  #privileges(
    table: string,
    needed: { readonly [Privilege in TablePrivilege]?: readonly string[] },
  ): () => Promise<boolean> {
    return async () => {
      const { rows } = await this.#owner().query<{ has: boolean | null }>(
        `select bool_and(
           has_table_privilege($1, $2, n.key)
           or n.key <> 'delete'
           and (select bool_and(has_column_privilege($1, $2, c, n.key)) from jsonb_array_elements_text(n.value) as c)
         ) as has
         from jsonb_each($3) as n`,
        [this.#persona.role, `api.${quoteIdent(table)}`, JSON.stringify(needed)],
      );
      return rows[0]?.has === true;
    };
  }
}

function where(filter: Filter, values: unknown[]): string {
  const conditions = Object.entries(filter).map(([column, value]) => {
    if (value === null) return `${quoteIdent(column)} is null`;
    values.push(value);
    return `${quoteIdent(column)} = $${values.length}`;
  });
  return conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
}

function isJson(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
