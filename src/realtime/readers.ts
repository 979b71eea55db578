import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectionSpec } from "../core/connection-spec.ts";
import { TmDbError } from "../core/errors.ts";
import { retryDelayMs } from "../core/retry-delay.ts";
import { type DatabaseClient, withClient } from "../db/client.ts";
import { isConnectionLoss } from "../db/connection-loss.ts";
import { type ApiSettings, readBoundRole, requestOpening, type RoleFacts } from "../db/impersonate.ts";
import { passes } from "../db/listen.ts";
import { readAs, type ReadRequest } from "../db/read-as.ts";
import { isDatabaseError } from "../db/run-script.ts";
import type { Hub, Work } from "./hub.ts";
import type { RealtimeLimits } from "./limits.ts";
import { CLOSE } from "./protocol.ts";
import { queriesOf } from "./queries.ts";

export interface ReaderOptions {
  readonly hub: Hub;
  readonly api: ApiSettings;
  readonly limits: RealtimeLimits;
  readonly signal: AbortSignal;
}

/** What is known of a role is asked again after this time: somebody may have made it an owner. */
const ROLE_KNOWN_MS = 10_000;
/** A connection that has answered nothing for so long, on top of the statements' own limit, is dead. */
const SILENCE_MS = 10_000;

/**
 * Does the hub's work on one connection of the authenticator until the signal, and opens another when it is lost; what
 * was not answered then is done again.
 * @throws TmDbError what keeps the first connection from being opened, and later what no waiting mends.
 */
export async function runReader(spec: ConnectionSpec, options: ReaderOptions): Promise<void> {
  const { limits, signal } = options;
  let wasOpen = false;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      await withClient(spec, { signal, pipeline: true, applicationName: "tm-db realtime reader" }, async (client) => {
        await client.query(`set statement_timeout = ${limits.statementMs}`);
        wasOpen = true;
        attempt = 0;
        await readOn(client, options);
      });
    } catch (error) {
      if (signal.aborted) return;
      if (!wasOpen || !passes(error)) throw error;
      await sleep(retryDelayMs(attempt), undefined, { signal }).catch(() => undefined);
    }
  }
}

async function readOn(client: DatabaseClient, { hub, api, limits, signal }: ReaderOptions): Promise<void> {
  const roles = new RoleMemory(client, api);
  while (!signal.aborted) {
    await hub.waitForWork();
    const taken = signal.aborted ? [] : hub.takeWork();
    if (taken.length === 0) continue;
    // All of it as one write, and not each statement by itself.
    const { stream } = client.connection;
    stream.cork();
    setImmediate(() => stream.uncork());
    const silence = setTimeout(() => stream.destroy(), limits.statementMs + SILENCE_MS);
    const done = await Promise.allSettled(
      taken.map(async (work) => {
        await read(client, { hub, api, roles, work });
        silence.refresh();
      }),
    );
    clearTimeout(silence);
    const failure = done.find((result) => result.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }
}

async function read(
  client: DatabaseClient,
  given: { readonly hub: Hub; readonly api: ApiSettings; readonly roles: RoleMemory; readonly work: Work },
): Promise<void> {
  const { hub, api, roles, work } = given;
  const { identity } = work.audience;
  try {
    const role = await roles.facts(identity.role);
    hub.settle(work, await readAs(client, requestFor(work, api, role)));
  } catch (error) {
    // Of the request itself that is an answer already: here it is what was asked about the role.
    if (isDatabaseError(error) && !isConnectionLoss(error)) {
      hub.settle(work, { kind: "refused", during: "role", error });
      return;
    }
    hub.giveBack(work);
    if (!isRefusedRole(error)) throw error;
    work.audience.dismiss({ code: CLOSE.forbidden, reason: "the role of this token may not be used" });
  }
}

function isRefusedRole(error: unknown): boolean {
  return error instanceof TmDbError && error.code === "IMPERSONATION_REFUSED";
}

/** As a GET of what is read; of the first thing, where there are several. */
function requestFor({ audience, questions }: Work, api: ApiSettings, role: RoleFacts): ReadRequest {
  const path = `/${questions[0]?.channel.relation.name ?? ""}`;
  const { role: name, claims: claimsText } = audience.identity;
  const request = { role: name, claimsText, method: "GET" as const, path };
  return { opening: requestOpening({ api, request, role }), queries: questions.flatMap(queriesOf) };
}

/** What PostgREST knows of each role, for a while. */
class RoleMemory {
  readonly #client: DatabaseClient;
  readonly #api: ApiSettings;
  readonly #known = new Map<string, { readonly facts: Promise<RoleFacts>; readonly until: number }>();

  constructor(client: DatabaseClient, api: ApiSettings) {
    this.#client = client;
    this.#api = api;
  }

  async facts(role: string): Promise<RoleFacts> {
    const now = Date.now();
    const known = this.#known.get(role);
    if (known !== undefined && known.until > now) return await known.facts;
    for (const [name, { until }] of this.#known) if (until <= now) this.#known.delete(name);
    const facts = readBoundRole(this.#client, role, this.#api.schemas).then(withoutOwnLimit);
    this.#known.set(role, { facts, until: now + ROLE_KNOWN_MS });
    // That a role may not be used is known then, too; that PostgreSQL did not say is not.
    facts.catch((error: unknown) => {
      if (!isRefusedRole(error)) this.#known.delete(role);
    });
    return await facts;
  }
}

/** The connection's own limit holds: a role's is for those who wait for an answer, and here others would wait with them. */
function withoutOwnLimit(facts: RoleFacts): RoleFacts {
  return { ...facts, settings: facts.settings.filter(([name]) => name !== "statement_timeout") };
}
