/**
 * SQL for the oid of the routine that `name` names, with its argument types; null where there is none. Before version 16
 * `to_regprocedure` fails where it does not know one of the types, so those are looked for first.
 */
export function routineOid(name: string): string {
  return `case
    when current_setting('server_version_num')::integer >= 160000
      or not exists (
        select from regexp_matches(substring(${name} from '${ARGUMENTS}'), '(${ARGUMENT})', 'g') as a where to_regtype(btrim(a[1])) is null
      )
      then to_regprocedure(${name})::oid
  end`;
}

const NAME = `(?:"(?:[^"]|"")*"|[^".(]+)`;
const ARGUMENTS = `^${NAME}(?:\\.${NAME})?\\((.*)\\)$`;
const ARGUMENT = `(?:"(?:[^"]|"")*"|[^",])+`;
