import { randomBytes } from "node:crypto";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { quoteIdent } from "../core/quote-ident.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { dropDatabase } from "../db/drop-database.ts";
import { isDatabaseError, isPermissionDenied } from "../db/run-script.ts";
import { ownSqlError } from "../db/sql-error.ts";

/**
 * Template databases and their clones. Every name says what it is, so that a run can tell what another one left:
 *
 *     tm_db_test_<project>_<key>               a template; stays between runs
 *     tm_db_test_<project>_<key>_b_<run>       a template while it is being built
 *     tm_db_test_<project>_<key>_s             a clone that a run left as it was, for the next one
 *     tm_db_test_<project>_<key>_<run>_<n>     a clone of a run
 *
 * A run is alive as long as a session calls itself `tm-db test <key> <run>`; its end, also by `kill -9`, ends that session.
 */
const PREFIX = "tm_db_test_";
const NAME = /^tm_db_test_([0-9a-f]{12})_([0-9a-f]{16})(?:_s|_(?:b_)?([0-9a-f]{8})(?:_\d+)?)?$/;

const LOCK_POLL_MS = 50;

export interface TemplateRequest {
  /** A database of the server to make others from. */
  readonly maintenance: ConnectionSpec;
  /** Twelve hexadecimal digits that stand for the project: templates of other keys and the same project are dropped. */
  readonly project: string;
  /** Answers sixteen hexadecimal digits: a hash of all that the template is made of. */
  readonly key: (client: DatabaseClient) => Promise<string>;
  /** What sessions in a clone begin with, as `alter database … set search_path` wants it. */
  readonly searchPath: string;
  /** Fills an empty database; runs where there is no template of that key yet. */
  readonly build: (database: ConnectionSpec) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** A template that is there, for as long as the callback of `withTemplate` runs. */
export interface Template {
  readonly name: string;
  /** Whether this call built it. */
  readonly built: boolean;
  /** The connection that databases are made over, until the callback ends. */
  readonly maintenance: DatabaseClient;
  /** Makes a database of the template's contents; it is dropped when the callback of `withTemplate` ends. */
  clone(): Promise<ConnectionSpec>;
  /** Says that a clone is as it was made, and that nobody is connected to it: one of them is kept for the next run. */
  keep(clone: ConnectionSpec): void;
  /** Drops a clone before the end, for whoever makes many. */
  drop(clone: ConnectionSpec): Promise<void>;
}

/**
 * Sees to it that a template exists, hands it to `callback`, and drops the clones that were made of it, whatever
 * happens. Two runs at once share a template and nothing else. What killed runs left, and the project's templates of
 * other keys that nobody uses, are dropped too.
 * @throws TmDbError PERMISSION_DENIED where the role has no CREATEDB, or the template is another role's; what `build` throws, then nothing is left.
 */
export async function withTemplate<T>(
  request: TemplateRequest,
  callback: (template: Template) => Promise<T>,
): Promise<T> {
  // Without the signal: an interrupted run cleans up behind itself, over this connection.
  return await withClient(request.maintenance, {}, async (client) => {
    const key = await request.key(client);
    const run = randomBytes(4).toString("hex");
    await client.query("select set_config('application_name', $1, false)", [`tm-db test ${key} ${run}`]);
    return await new TemplateRun(client, { ...request, key, run }).use(callback);
  });
}

/** A request whose key is known, and the run that makes it. */
type RunRequest = Omit<TemplateRequest, "key"> & { readonly key: string; readonly run: string };

class TemplateRun implements Template {
  readonly name: string;
  built = false;
  readonly maintenance: DatabaseClient;
  readonly #request: RunRequest;
  readonly #clones: string[] = [];
  readonly #dropped = new Set<string>();
  /** What an earlier run left as it was. */
  readonly #spare: string;
  #hasSpare = false;
  #kept: string | undefined;
  /** What was asked for last: a connection does one thing after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: DatabaseClient, request: RunRequest) {
    this.maintenance = client;
    this.#request = request;
    this.name = `${PREFIX}${request.project}_${request.key}`;
    this.#spare = `${this.name}_s`;
  }

  async use<T>(callback: (template: Template) => Promise<T>): Promise<T> {
    try {
      await this.#ensure();
      return await callback(this);
    } finally {
      // What was being made when the callback failed must be there before it can be dropped.
      await this.#last;
      for (const name of this.#clones) if (!this.#dropped.has(name)) await this.#putAway(name);
    }
  }

  async clone(): Promise<ConnectionSpec> {
    const name = `${this.name}_${this.#request.run}_${this.#clones.length + 1}`;
    this.#clones.push(name);
    await this.#inTurn(async () => await this.#createClone(name));
    return { ...this.#request.maintenance, database: name };
  }

  keep(clone: ConnectionSpec): void {
    this.#kept ??= clone.database;
  }

  async drop(clone: ConnectionSpec): Promise<void> {
    this.#dropped.add(clone.database);
    await this.#inTurn(async () => await dropDatabase(this.maintenance, clone.database));
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    await done;
  }

  async #putAway(name: string): Promise<void> {
    if (name === this.#kept && (await this.#rename(name, this.#spare))) return await this.#letIn(this.#spare, false);
    await dropDatabase(this.maintenance, name);
  }

  /** What nobody uses lets nobody in. */
  async #letIn(name: string, isOpen: boolean): Promise<void> {
    await this.#alter(`alter database ${quoteIdent(name)} with allow_connections ${isOpen}`);
  }

  /** Whether it could be done: another run may have been quicker, or has left one already. */
  async #rename(from: string, to: string): Promise<boolean> {
    try {
      await this.maintenance.query(`alter database ${quoteIdent(from)} rename to ${quoteIdent(to)}`);
      return true;
    } catch (error) {
      if (isDatabaseError(error)) return false;
      throw error;
    }
  }

  async #createClone(name: string): Promise<void> {
    const hasSpare = this.#hasSpare;
    this.#hasSpare = false;
    if (hasSpare && (await this.#rename(this.#spare, name))) return await this.#letIn(name, true);
    await this.#createDatabase(name, this.name);
    const { searchPath } = this.#request;
    // A search_path of the role would come before that of the database.
    await this.#alter(
      `alter database ${quoteIdent(name)} set search_path = ${searchPath};
       alter role current_user in database ${quoteIdent(name)} set search_path = ${searchPath}`,
    );
  }

  async #ensure(): Promise<void> {
    const left = await dropLeftovers(this.maintenance, this.#request);
    this.#hasSpare = left.includes(this.#spare);
    if (left.includes(this.name)) return;
    // Whoever comes second waits for the template of the first.
    const lock = BigInt.asIntN(64, BigInt(`0x${this.#request.key}`)).toString();
    await this.#takeLock(lock);
    try {
      if (!(await isThere(this.maintenance, this.name))) await this.#build();
    } finally {
      await this.maintenance.query("select pg_advisory_unlock($1)", [lock]);
    }
  }

  /** By asking again and again: a wait inside PostgreSQL would not hear Ctrl-C. */
  async #takeLock(lock: string): Promise<void> {
    for (;;) {
      const { rows } = await this.maintenance.query<{ readonly taken: boolean }>(
        "select pg_try_advisory_lock($1) as taken",
        [lock],
      );
      if (rows[0]?.taken === true) return;
      if (this.#request.signal?.aborted === true) throw new TmDbError("INTERRUPTED", "interrupted; nothing was made");
      await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
    }
  }

  async #build(): Promise<void> {
    const { maintenance, build, run } = this.#request;
    const name = `${this.name}_b_${run}`;
    await this.#createDatabase(name, "template0");
    try {
      await build({ ...maintenance, database: name });
      // No connection is let in: a clone can be made only while nobody is connected to the template.
      await this.#letIn(name, false);
      await this.#alter(`alter database ${quoteIdent(name)} rename to ${quoteIdent(this.name)}`);
      this.built = true;
    } catch (error) {
      await dropDatabase(this.maintenance, name);
      throw error;
    }
  }

  async #alter(statement: string): Promise<void> {
    await this.maintenance.query(statement).catch((error: unknown) => {
      throw ownSqlError(error);
    });
  }

  async #createDatabase(name: string, template: string): Promise<void> {
    try {
      await this.maintenance.query(`create database ${quoteIdent(name)} template ${quoteIdent(template)}`);
    } catch (error) {
      if (!isPermissionDenied(error)) throw ownSqlError(error);
      throw new TmDbError("PERMISSION_DENIED", `no database for the tests can be made: ${error.message}`, {
        hint: `let the role make databases: alter role ${quoteIdent(this.#request.maintenance.user)} createdb   (or use the embedded server)`,
        cause: error,
      });
    }
  }
}

/**
 * Whether another run has built it meanwhile. Its name can be foretold, and what is in a clone runs with the rights of
 * this connection.
 * @throws TmDbError PERMISSION_DENIED where it is another role's.
 */
async function isThere(client: DatabaseClient, name: string): Promise<boolean> {
  const { rows } = await client.query<{ readonly owner: string; readonly isOwn: boolean }>(
    `select pg_catalog.pg_get_userbyid(d.datdba) as owner, pg_catalog.pg_get_userbyid(d.datdba) = current_user as "isOwn"
     from pg_catalog.pg_database as d
     where d.datname = $1`,
    [name],
  );
  const [found] = rows;
  if (found?.isOwn === false) {
    throw new TmDbError("PERMISSION_DENIED", `the database ${name} belongs to the role ${found.owner}`, {
      hint: `tests run in clones of it, with your rights: connect as ${found.owner}, or drop it if nobody knows what it is for`,
    });
  }
  return found !== undefined;
}

/** Everything of runs that are over, and what the project's earlier files were made into. Returns what is left. */
async function dropLeftovers(client: DatabaseClient, { project, key }: RunRequest): Promise<string[]> {
  const { rows } = await client.query<{ readonly databases: string[]; readonly alive: string[] }>(
    `select
       array(
         select d.datname::text
         from pg_catalog.pg_database as d
         where starts_with(d.datname, $1)
           and d.datdba = pg_catalog.quote_ident(current_user)::regrole
       ) as databases,
       array(
         select a.application_name
         from pg_catalog.pg_stat_activity as a
         where starts_with(a.application_name, 'tm-db test ')
       ) as alive`,
    [PREFIX],
  );
  const { databases = [], alive = [] } = rows[0] ?? {};
  const isOver = (name: string): boolean => isLeftover(name, { project, key, alive });
  for (const name of databases.filter(isOver)) await dropDatabase(client, name);
  return databases.filter((name) => !isOver(name));
}

/** Whether a database is nobody's any more; `alive` holds what the runs of the server call themselves. */
export function isLeftover(
  name: string,
  given: { readonly project: string; readonly key: string; readonly alive: readonly string[] },
): boolean {
  const [, project, key, run] = NAME.exec(name) ?? [];
  if (project === undefined || key === undefined) return false;
  if (run !== undefined) return !given.alive.some((session) => session.endsWith(` ${run}`));
  return project === given.project && key !== given.key && !given.alive.some((session) => session.includes(` ${key} `));
}
