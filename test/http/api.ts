import { request as httpRequest } from "node:http";
import { PostgrestClient } from "@supabase/postgrest-js";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, test } from "vitest";
import {
  API,
  anonymous,
  type ReferenceDatabase,
  type User,
  useReferenceDatabase,
} from "../support/reference-database.ts";
import { type ApiServer, installedPostgrest, postgrestServer } from "./api-server.ts";
import { startStandIn } from "./stand-in.ts";

/** Any table of any shape: what the database says is what is tested. */
interface AnyDatabase {
  api: {
    Tables: Record<string, { Row: Row; Insert: Row; Update: Row; Relationships: [] }>;
    Views: Record<string, never>;
    Functions: Record<string, { Args: Row; Returns: unknown }>;
  };
}
type Row = Record<string, unknown>;
export type Client = PostgrestClient<AnyDatabase, { PostgrestVersion: "14" }, "api">;

/** What a client learns from one request. */
export interface Answer {
  readonly status: number;
  readonly data: unknown;
  /** PostgreSQL's SQLSTATE or PostgREST's own code. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly hint: string | null | undefined;
}

/** The reference database behind an API, and clients of it. */
export interface Api {
  readonly db: ReferenceDatabase;
  /** The client of whoever sends this token; without one, of somebody unknown. */
  client(token?: string, headers?: Readonly<Record<string, string>>): Client;
  /** The client of a user who has just logged in. */
  as(user: User): Promise<Client>;
  /** A token that the database issues. */
  token(user: User): Promise<string>;
  /** A token of any content, signed as the database does, or with another secret. */
  sign(claims: Readonly<Record<string, unknown>>, secret?: string): Promise<string>;
  /** A request with just these headers, as many of a name as given. */
  raw(path: string, headers: readonly (readonly [string, string])[]): Promise<{ status: number; body: unknown }>;
}

/**
 * Describes the same tests twice: on PostgREST, where POSTGREST_BIN or PATH has one (skipped otherwise, and the title
 * says so), and on the stand-in.
 */
export function describeApi(title: string, tests: (api: Api) => void): void {
  const program = installedPostgrest(process.env);
  if (program === undefined) {
    test.skip(`${title}, on PostgREST: POSTGREST_BIN names none, nor is one on PATH`);
  } else {
    describe(`${title}, on PostgREST`, () => {
      tests(
        useApi(async (db) => {
          const owner = { ...db.server.owner, database: db.name };
          return await postgrestServer(program, { owner, authenticatorPassword: db.server.authenticatorPassword });
        }),
      );
    });
  }
  describe(`${title}, on the stand-in`, () => {
    tests(
      useApi(async (db) => {
        const client = await db.connect("authenticator");
        return await startStandIn({ client, api: API, anonymous: anonymous.role, jwtSecret: db.server.jwtSecret });
      }),
    );
  });
}

function useApi(start: (db: ReferenceDatabase) => Promise<ApiServer>): Api {
  const db = useReferenceDatabase();
  let server: ApiServer | undefined;
  beforeAll(async () => {
    // What a request says of itself, and hashes that cost nothing: nobody attacks these passwords.
    await db.rows(`
      create function api.seen() returns json language sql stable
      return json_build_object(
        'headers', current_setting('request.headers')::json,
        'cookies', current_setting('request.cookies')::json,
        'method', current_setting('request.method'),
        'path', current_setting('request.path')
      )`);
    await db.rows("grant execute on function api.seen() to api_user");
    await db.rows("update auth.settings set bcrypt_cost = 4");
    server = await start(db);
  });
  afterAll(async () => {
    await server?.stop();
  });
  const url = (): string => {
    if (server === undefined) throw new Error("the API is there in tests only");
    return server.url;
  };
  const client = (token?: string, headers: Readonly<Record<string, string>> = {}): Client => {
    const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return new PostgrestClient<AnyDatabase, { PostgrestVersion: "14" }, "api">(url(), {
      schema: "api",
      headers: { ...authorization, ...headers },
    });
  };
  const token = async ({ id }: User): Promise<string> => await db.value("select (auth.issue_token($1)).token", [id]);
  return {
    db,
    client,
    token,
    as: async (user) => client(await token(user)),
    sign: async (claims, secret = db.server.jwtSecret) =>
      await new SignJWT({ ...claims }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret)),
    raw: async (path, headers) => await rawRequest(`${url()}${path}`, headers),
  };
}

/** What came of a request; a failure is an answer too. */
export async function ask(
  request: PromiseLike<{
    readonly status: number;
    readonly data: unknown;
    readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  }>,
): Promise<Answer> {
  const { status, data, error } = await request;
  return { status, data, code: error?.code, message: error?.message, hint: error?.hint };
}

/** The data of a request that had to succeed. */
export async function dataOf<Data>(request: Parameters<typeof ask>[0]): Promise<Data> {
  const { status, data, code, message } = await ask(request);
  if (status >= 300) throw new Error(`${status} ${code}: ${message}`);
  return data as Data;
}

/** fetch joins headers of one name and sends some of its own; this sends what it is told. */
async function rawRequest(
  url: string,
  headers: readonly (readonly [string, string])[],
): Promise<{ status: number; body: unknown }> {
  return await new Promise((resolve, reject) => {
    const { host } = new URL(url);
    const sent = httpRequest(url, { headers: ["Host", host, ...headers.flat()], agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, body: text === "" ? undefined : (JSON.parse(text) as unknown) });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}
