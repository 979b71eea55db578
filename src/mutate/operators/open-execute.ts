import type { Facts } from "../facts.ts";
import { type Mutation, plainWords, type Privilege, privilegeSubject, privilegeWords } from "../mutation.ts";

/** What PostgreSQL does by itself for each new function, where the default privileges do not say otherwise. */
export const openExecute = {
  name: "open-execute",
  does: "gives PUBLIC the right to execute a function back",
  damage: ({ routines, roles, grants }: Facts): Mutation[] =>
    routines
      .filter(({ isTrigger, schema, identity }) => {
        const held = grants.filter((grant) => grant.identity === identity).map(({ grantee }) => grantee);
        const isMore = roles.some((role) => role.schemas.includes(schema) && !held.includes(role.name));
        return !isTrigger && isMore && !held.includes("PUBLIC");
      })
      .map(({ schema, name, identity }) => {
        const privilege: Privilege = {
          kind: "function",
          schema,
          name,
          column: null,
          identity,
          privilege: "execute",
          grantee: "PUBLIC",
        };
        return {
          subject: privilegeSubject(privilege),
          before: "",
          after: `grant ${plainWords(privilegeWords(privilege))} to public`,
          sql: `grant ${privilegeWords(privilege)} to public`,
        };
      }),
};
