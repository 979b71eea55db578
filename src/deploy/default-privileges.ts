import type { DatabaseClient } from "../db/client.ts";
import type { DeploymentRun } from "./run.ts";

/** What `alter default privileges` says of the objects that this connection makes, as a text to compare. */
export async function readDefaultPrivileges(client: DatabaseClient): Promise<string> {
  const { rows } = await client.query<{ readonly defaults: string }>(
    `select coalesce(
       string_agg(concat_ws(' ', d.defaclnamespace, d.defaclobjtype, d.defaclacl), E'\\n' order by d.defaclnamespace, d.defaclobjtype),
       ''
     ) as defaults
     from pg_catalog.pg_default_acl as d
     where d.defaclrole = current_user::regrole`,
  );
  return rows[0]?.defaults ?? "";
}

/**
 * Takes back all files whose objects a database that is built from nothing would make after the migration that has changed
 * the defaults: they have the privileges of the old ones, and come again with those of the new. A file that a migration so
 * far needs stands before it there too, and keeps what it has.
 */
export async function leaveOldDefaults(run: DeploymentRun, needed: ReadonlySet<string>): Promise<void> {
  const paths = run.applied.flatMap(({ path, made }) =>
    !needed.has(path) && made.some(({ object }) => object !== undefined && object.relation === undefined) ? [path] : [],
  );
  if (paths.length === 0) return;
  await run.takeBack({ paths, keepable: new Set(), onHeld: "leave" }, await run.readDependencies());
}
