/** The files of a project as values. `files/` reads them; everything else works on these. */
export interface ProjectFiles {
  readonly migrations: readonly MigrationFile[];
  readonly repeatables: readonly RepeatableFile[];
}

/** A file of SQL: its text has no byte order mark and its line ends are LF, so that a checkout's settings change nothing. */
export interface SourceFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly text: string;
  /** SHA-256 of `text`. */
  readonly checksum: string;
}

export interface MigrationFile extends SourceFile {
  /** The file's name without its ending: what the migrations table records, as in node-pg-migrate. */
  readonly name: string;
  readonly language: "sql" | "script";
  readonly directives: MigrationDirectives;
}

/** What a migration says of itself in `-- tm-db:` lines. */
export interface MigrationDirectives {
  /** Files that are applied just before it. */
  readonly needs: readonly string[];
  /** Files that are taken back just before it, and applied again after all migrations. */
  readonly retract: readonly string[];
  /** It cannot run in a transaction (`create index concurrently`): it is a deployment of its own. */
  readonly noTransaction: boolean;
}

export type RepeatableFolder = "functions" | "views" | "policies";

export interface RepeatableFile extends SourceFile {
  readonly folder: RepeatableFolder;
}
