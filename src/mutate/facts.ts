import type { DatabaseClient } from "../db/client.ts";
import FACTS from "./facts.sql";

/** What of a database can be damaged, as its catalog has it. Names are unquoted, SQL is qualified. */
export interface Facts {
  /** The roles that PostgREST becomes. */
  readonly roles: readonly RoleFact[];
  readonly relations: readonly RelationFact[];
  readonly policies: readonly PolicyFact[];
  readonly routines: readonly RoutineFact[];
  readonly constraints: readonly ConstraintFact[];
  readonly triggers: readonly TriggerFact[];
  /** The values of each enumerated type. */
  readonly enums: readonly (readonly string[])[];
  /** What is granted to others than the owner. */
  readonly grants: readonly GrantFact[];
}

export interface RoleFact {
  readonly name: string;
  /** Those that it may use. */
  readonly schemas: readonly string[];
}

export interface RelationFact {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly kind: "table" | "view" | "materialized view";
  readonly rowSecurity: boolean;
  /** `name=value`. */
  readonly options: readonly string[];
  /** Of views. */
  readonly definition: string | null;
  readonly columns: readonly ColumnFact[];
}

export interface ColumnFact {
  readonly name: string;
  /** NOT NULL, other than by a primary key or as an identity. */
  readonly notNull: boolean;
  /** Always filled by PostgreSQL: generated. */
  readonly isFilled: boolean;
}

export interface PolicyFact {
  /** The oid of its table. */
  readonly table: string;
  readonly schema: string;
  readonly relation: string;
  readonly name: string;
  readonly command: "select" | "insert" | "update" | "delete" | "all";
  readonly permissive: boolean;
  /** Names, or `PUBLIC`. */
  readonly roles: readonly string[];
  readonly using: string | null;
  readonly withCheck: string | null;
}

export interface RoutineFact {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  /** `api.login(email text, password text)`, quoted where it must be. */
  readonly identity: string;
  /** Input types. */
  readonly arguments: readonly string[];
  readonly isProcedure: boolean;
  readonly isTrigger: boolean;
  readonly returnsBoolean: boolean;
  readonly language: "sql" | "plpgsql";
  readonly isDefiner: boolean;
  /** `name=value`, as `alter function … set` left it. */
  readonly settings: readonly string[];
  /** The whole `create or replace`. */
  readonly definition: string;
  /** `begin atomic … end` or `return …`, where the body is SQL and no text. */
  readonly sqlBody: string | null;
  readonly source: string;
}

export interface ConstraintFact {
  readonly schema: string;
  readonly relation: string;
  readonly name: string;
  readonly kind: "check" | "foreign key" | "unique" | "primary key" | "exclude";
  readonly definition: string;
  /** Of checks. */
  readonly expression: string | null;
}

export interface TriggerFact {
  readonly schema: string;
  readonly relation: string;
  readonly name: string;
  readonly definition: string;
}

export interface GrantFact {
  readonly kind: "relation" | "function" | "schema";
  readonly schema: string;
  readonly name: string;
  readonly column: string | null;
  /** Of functions, as `RoutineFact` has it. */
  readonly identity: string | null;
  /** In lower case. */
  readonly privilege: string;
  /** A name, or `PUBLIC`. */
  readonly grantee: string;
}

/** Reads what can be damaged. Extensions, the ledger, and what tests alone need are left out. */
export async function readFacts(client: DatabaseClient, authenticatorRole: string): Promise<Facts> {
  await client.query("begin transaction read only; set local search_path = ''");
  try {
    const { rows } = await client.query<Facts>(FACTS, [authenticatorRole]);
    return rows[0] as Facts;
  } finally {
    await client.query("rollback");
  }
}
