import type { RepeatableFolder } from "../core/project-files.ts";
import type { CreatedObject, TargetObject } from "./declaration.ts";

/** What the ledger says stands in the database now. */
export interface LedgerState {
  /** False where tm-db has never deployed to this database. */
  readonly exists: boolean;
  /** Whose the ledger's schema is, if that is somebody else than the role of this connection. */
  readonly deployer: string | undefined;
  /** In the order in which they ran. */
  readonly migrations: readonly AppliedMigration[];
  readonly repeatables: readonly AppliedRepeatable[];
  /** A migration that began outside of a transaction and whose end was not recorded. */
  readonly unfinished: UnfinishedMigration | undefined;
}

/** A migration as the ledger keeps it: its text, so that a rollback never needs the file, and the SQL of both ways. */
export interface MigrationEntry extends AppliedMigration {
  readonly text: string;
  readonly upSql: string;
  /** The SQL that takes it back; null where it has no way back. */
  readonly downSql: string | null;
}

export interface UnfinishedMigration {
  readonly entry: MigrationEntry;
  readonly statementsDone: number;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly startedBy: string;
}

export interface AppliedMigration {
  readonly name: string;
  readonly path: string;
  /** Null for one that node-pg-migrate's own CLI applied: its text was never seen. */
  readonly checksum: string | null;
}

export interface AppliedRepeatable {
  readonly path: string;
  readonly folder: RepeatableFolder;
  readonly checksum: string;
  readonly text: string;
  readonly made: readonly Made[];
}

/** One thing that a repeatable file made, and how it is taken back. */
export interface Made {
  readonly identity: string;
  /** May be empty: the declaration changed nothing. */
  readonly undo: string;
  /** What a `create` made. */
  readonly object?: CreatedObject;
  /** What `create or replace` could not change; see `CreateDeclaration`. */
  readonly signature?: string;
  /** The object whose privileges, comment or flags were set. */
  readonly target?: TargetObject;
}
