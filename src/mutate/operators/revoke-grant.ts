import type { Facts } from "../facts.ts";
import { type Mutation, plainWords, privilegeSubject, privilegeWords, roleWords } from "../mutation.ts";

export const revokeGrant = {
  name: "revoke-grant",
  does: "takes a privilege away",
  damage: ({ grants, relations }: Facts): Mutation[] =>
    grants.map((grant) => ({
      subject: privilegeSubject(grant),
      before: `grant ${plainWords(privilegeWords(grant))} to ${grant.grantee}`,
      after: "",
      sql: `revoke ${privilegeWords(grant)} from ${roleWords(grant.grantee)}`,
      table: relations.find(
        ({ schema, name }) => grant.kind === "relation" && schema === grant.schema && name === grant.name,
      )?.oid,
    })),
};
