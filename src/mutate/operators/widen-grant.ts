import type { Facts, GrantFact, RelationFact } from "../facts.ts";
import { type Mutation, plainWords, type Privilege, privilegeSubject, privilegeWords, roleWords } from "../mutation.ts";

const COMMANDS = ["select", "insert", "update", "delete"];

export const widenGrant = {
  name: "widen-grant",
  does: "grants a role of the API what it does not have: a schema, a command on a table, a column, a function",
  damage: (facts: Facts): Mutation[] =>
    [...onSchemas(facts), ...onRelations(facts), ...onRoutines(facts)].map(({ privilege, table }) => ({
      subject: privilegeSubject(privilege),
      before: "",
      declaredAs:
        privilege.kind === "relation"
          ? { kind: "row-security", schema: privilege.schema, relation: privilege.name }
          : undefined,
      after: `grant ${plainWords(privilegeWords(privilege))} to ${privilege.grantee}`,
      sql: `grant ${privilegeWords(privilege)} to ${roleWords(privilege.grantee)}`,
      table,
    })),
};

interface Widening {
  readonly privilege: Privilege;
  readonly table?: string;
}

function onSchemas({ roles, relations, routines }: Facts): Widening[] {
  const schemas = new Set([...relations, ...routines].map(({ schema }) => schema));
  return roles.flatMap(({ name: grantee, schemas: used }) =>
    [...schemas]
      .filter((schema) => !used.includes(schema))
      .map((schema) => ({
        privilege: { kind: "schema", schema, name: schema, column: null, identity: null, privilege: "usage", grantee },
      })),
  );
}

/** Only where the role may use the schema: elsewhere a grant changes nothing. */
function onRelations({ roles, relations, grants }: Facts): Widening[] {
  return relations.flatMap((relation) =>
    roles
      .filter(({ schemas }) => schemas.includes(relation.schema))
      .flatMap(({ name: grantee }) => {
        const held = grants.filter((grant) => isOn(relation, grant) && [grantee, "PUBLIC"].includes(grant.grantee));
        return (relation.kind === "materialized view" ? ["select"] : COMMANDS).flatMap((command) =>
          missing({ relation, grantee, command, held: held.filter(({ privilege }) => privilege === command) }),
        );
      }),
  );
}

function isOn({ schema, name }: RelationFact, grant: GrantFact): boolean {
  return grant.kind === "relation" && grant.schema === schema && grant.name === name;
}

/** A command that is granted for some columns is widened by each of the others; one that is not, as a whole. */
function missing(given: {
  readonly relation: RelationFact;
  readonly grantee: string;
  readonly command: string;
  readonly held: readonly GrantFact[];
}): Widening[] {
  const { relation, grantee, command, held } = given;
  if (held.some(({ column }) => column === null)) return [];
  const widening = (column: string | null): Widening => ({
    privilege: {
      kind: "relation",
      schema: relation.schema,
      name: relation.name,
      column,
      identity: null,
      privilege: command,
      grantee,
    },
    table: relation.oid,
  });
  if (held.length === 0) return [widening(null)];
  return relation.columns
    .filter(({ name, isFilled }) => held.every(({ column }) => column !== name) && !(isFilled && command !== "select"))
    .map(({ name }) => widening(name));
}

function onRoutines({ roles, routines, grants }: Facts): Widening[] {
  return routines
    .filter(({ isTrigger }) => !isTrigger)
    .flatMap(({ schema, name, identity }) => {
      const held = grants.filter((grant) => grant.identity === identity).map(({ grantee }) => grantee);
      if (held.includes("PUBLIC")) return [];
      return roles
        .filter((role) => role.schemas.includes(schema) && !held.includes(role.name))
        .map(({ name: grantee }) => ({
          privilege: { kind: "function", schema, name, column: null, identity, privilege: "execute", grantee },
        }));
    });
}
