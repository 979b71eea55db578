-- Which tables the assertions of this transaction reached, by the plans of their statements: those under views too, and
-- not those that only a function reads. It stays in the setting tests.touched until the transaction ends.

create function tests._touch(role text, plan jsonb)
  returns void
  language plpgsql
as $$
declare
  before constant jsonb := coalesce(nullif(current_setting('tests.touched', true), ''), '[]')::jsonb;
  added jsonb;
begin
  with nodes as (
    select
      node ->> 'Schema' as schema,
      node ->> 'Relation Name' as name,
      lower(node ->> 'Operation') as operation,
      node ->> 'Conflict Resolution' as conflict
    from jsonb_path_query(plan, 'strict $.**') as node
    where jsonb_typeof(node) = 'object'
      and node ? 'Relation Name'
  ), used as (
    select
      n.schema,
      n.name,
      c.command
    from nodes as n
    cross join lateral (
      values
        (coalesce(n.operation, 'select')),
        (case when n.conflict = 'UPDATE' then 'update' end)
    ) as c (command)
    where c.command is not null
      -- What is changed is looked up first; that is not a reading of its own.
      and (n.operation is not null or not exists (
        select
        from nodes as target
        where target.operation is not null
          and (target.schema, target.name) = (n.schema, n.name)
      ))
  )
  select jsonb_agg(distinct jsonb_build_array(role, u.command, c.oid::bigint))
  into added
  from used as u
  join pg_catalog.pg_namespace as n on n.nspname = u.schema
  join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = u.name
  where not before @> jsonb_build_array(jsonb_build_array(role, u.command, c.oid::bigint));
  if added is not null then
    perform pg_catalog.set_config('tests.touched', (before || added)::text, true);
  end if;
end
$$;

create function tests.touched()
  returns table (role_name text, command text, relation regclass)
  language sql
  stable
as $$
  select
    t.entry ->> 0,
    t.entry ->> 1,
    (t.entry ->> 2)::oid::regclass
  from jsonb_array_elements(coalesce(nullif(current_setting('tests.touched', true), ''), '[]')::jsonb) as t (entry)
$$;
comment on function tests.touched() is 'Which role used which command on which table, in the assertions of this transaction so far.';
