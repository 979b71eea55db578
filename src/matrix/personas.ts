import type { DatabaseClient } from "../db/client.ts";
import { TmDbError } from "../core/errors.ts";
import type { Persona } from "../core/matrix.ts";
import { type ApiSettings, readRoles, type RoleFacts, whyRefused } from "../db/impersonate.ts";
import type { Call } from "./requests.ts";

export const ANONYMOUS = "anonymous";

/**
 * Who the matrix is about: whoever sends no token, and everybody whom the fixtures made, by their names. `only` names some
 * of them, in the order that they shall have.
 * @throws TmDbError CONFIG_INVALID for a name that the fixtures do not make.
 */
export async function readPersonas(
  client: DatabaseClient,
  given: { readonly anonymousRole: string; readonly only?: readonly string[] | undefined },
): Promise<Persona[]> {
  const { rows } = await client.query<{ name: string; claims: Record<string, unknown> }>(
    `select p.name, p.claims from tests.people as p order by p.name collate "C"`,
  );
  const all: Persona[] = [
    { name: ANONYMOUS, role: given.anonymousRole, claims: {} },
    ...rows.map(({ name, claims }) => ({ name, role: String(claims["role"]), claims })),
  ];
  if (given.only === undefined) return all;
  const unknown = given.only.filter((name) => !all.some((persona) => persona.name === name));
  if (unknown.length > 0) {
    throw new TmDbError("CONFIG_INVALID", `the fixtures make nobody called ${unknown.join(", ")}`, {
      detail: `they make ${all.map(({ name }) => name).join(", ")}`,
      hint: "mend matrix.personas in tm-db.config.json, or make them: select tests.create_user(…) in _fixtures.sql",
    });
  }
  return given.only.flatMap((name) => all.find((persona) => persona.name === name) ?? []);
}

/** The calls that the fixtures gave arguments for, by `schema.function`, in the order in which they did. */
export async function readCalls(client: DatabaseClient): Promise<ReadonlyMap<string, readonly Call[]>> {
  const { rows } = await client.query<{ routine: string } & Call>(
    `select c.routine, c.arguments, c.label from tests.calls as c order by c.n`,
  );
  const calls = new Map<string, Call[]>();
  for (const { routine, ...call } of rows) calls.set(routine, [...(calls.get(routine) ?? []), call]);
  return calls;
}

/**
 * What is to be known of the personas' roles.
 * @throws TmDbError IMPERSONATION_REFUSED with everybody as whom a request would prove nothing.
 */
export async function boundRoles(
  client: DatabaseClient,
  personas: readonly Persona[],
  given: { readonly api: ApiSettings; readonly authenticator: string },
): Promise<ReadonlyMap<string, RoleFacts>> {
  const known = await client.query("select from pg_catalog.pg_roles as r where r.rolname = $1", [given.authenticator]);
  if (known.rowCount === 0) {
    throw new TmDbError(
      "IMPERSONATION_REFUSED",
      `there is no role ${given.authenticator}, as which PostgREST would log in`,
      {
        hint: "name PostgREST's role in roles.authenticator of tm-db.config.json",
      },
    );
  }
  const names = [...new Set(personas.map(({ role }) => role))];
  const roles = await readRoles(client, {
    roles: names,
    schemas: given.api.schemas,
    authenticator: given.authenticator,
  });
  const refusals = personas.flatMap(({ name, role }) => {
    const refusal = whyRefused(role, roles.get(role));
    return refusal === undefined ? [] : [{ ...refusal, message: `${name}: ${refusal.message}` }];
  });
  const [first, ...more] = refusals;
  if (first === undefined) return roles;
  throw new TmDbError("IMPERSONATION_REFUSED", first.message, {
    hint: first.hint,
    problems: more.map(({ message }) => ({ message })),
  });
}
