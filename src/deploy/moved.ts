import { TmDbError } from "../core/errors.ts";
import { factsKey } from "./facts.ts";
import type { Standing } from "./prints.ts";
import type { DeploymentRun } from "./run.ts";

/** What carries a file's object or settings away by a rename cannot be taken back by the names that the file has. */
export async function refuseMoved(run: DeploymentRun, before: Standing, after: Standing): Promise<void> {
  const suspects = suspectsOf(run, before, after);
  if (suspects.length === 0) return;
  const { rows: moved } = await run.client.query<Moved>(MOVED, [JSON.stringify(suspects)]);
  if (moved.length > 0) throw objectMoved(moved);
}

/** What is not where it was, or something else is there. */
function suspectsOf(run: DeploymentRun, before: Standing, after: Standing): Suspect[] {
  return run.applied.flatMap(({ path, made }) =>
    made.flatMap(({ identity, object, target }): Suspect[] => {
      if (object !== undefined) {
        const was = before.objects.get(identity);
        if (was === undefined || after.objects.has(identity)) return [];
        return [{ path, identity, catalog: CATALOGS[object.type], oid: was.oid, relation: object.relation ?? null }];
      }
      if (target === undefined) return [];
      const [was, is] = [before, after].map(({ facts }) => facts.get(factsKey(target))?.oid ?? null);
      if (was === null || was === undefined || is === null || was === is) return [];
      return [{ path, identity, catalog: CATALOGS[target.keyword], oid: String(was), relation: null }];
    }),
  );
}

interface Moved {
  readonly path: string;
  readonly identity: string;
  /** What it is now, in PostgreSQL's words. */
  readonly now: string;
}

function objectMoved(moved: readonly Moved[]): TmDbError {
  const paths = [...new Set(moved.map(({ path }) => path))];
  return new TmDbError(
    "OBJECT_HELD",
    "a migration has given another name to what files hold, and its own to something else",
    {
      problems: moved.map(({ path, identity, now }) => ({ message: `${path}: ${identity} is ${now} now` })),
      hint: [
        "put this at the head of that migration, and the files are applied again after it:",
        ...paths.map((path) => `-- tm-db: retract ${path}`),
      ].join("\n"),
    },
  );
}

/** What a file made or set something of, by what it was before. */
interface Suspect {
  readonly path: string;
  readonly identity: string;
  readonly catalog: string;
  readonly oid: string;
  /** The table of a trigger or policy, as the file names it. */
  readonly relation: string | null;
}

const CATALOGS = {
  function: "pg_proc",
  procedure: "pg_proc",
  routine: "pg_proc",
  view: "pg_class",
  table: "pg_class",
  sequence: "pg_class",
  trigger: "pg_trigger",
  policy: "pg_policy",
  schema: "pg_namespace",
  type: "pg_type",
} as const;

const MOVED = `
select m.path, m.identity, pg_catalog.pg_describe_object(c.oid, m.oid, 0) as now
from jsonb_to_recordset($1::jsonb) as m (path text, identity text, catalog text, oid oid, relation text)
join pg_catalog.pg_class as c on c.relname = m.catalog and c.relnamespace = 'pg_catalog'::regnamespace
where pg_catalog.pg_describe_object(c.oid, m.oid, 0) is not null
  and (m.relation is null or to_regclass(m.relation) is not null)
order by m.path, m.identity`;
