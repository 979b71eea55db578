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
      c.oid,
      lower(node ->> 'Operation') as operation,
      node ->> 'Conflict Resolution' as conflict
    from jsonb_path_query(plan, 'strict $.**') as node
    join pg_catalog.pg_namespace as n on n.nspname = node ->> 'Schema'
    join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = node ->> 'Relation Name'
    where jsonb_typeof(node) = 'object'
  ), named as (
    -- A plan names partitions and not the table that was asked for, whose policies hold.
    select n.oid, n.operation, n.conflict
    from nodes as n
    union
    select a.relid, n.operation, n.conflict
    from nodes as n
    cross join pg_catalog.pg_partition_ancestors(n.oid) as a
  ), used as (
    select
      n.oid,
      c.command
    from named as n
    cross join lateral (
      values
        (coalesce(n.operation, 'select')),
        (case when n.conflict = 'UPDATE' then 'update' end)
    ) as c (command)
    where c.command is not null
      -- What is changed is looked up first; that is not a reading of its own.
      and (n.operation is not null or not exists (
        select
        from named as target
        where target.operation is not null
          and target.oid in (n.oid, pg_catalog.pg_partition_root(n.oid))
      ))
  )
  select jsonb_agg(distinct jsonb_build_array(role, u.command, u.oid::bigint))
  into added
  from used as u
  where not before @> jsonb_build_array(jsonb_build_array(role, u.command, u.oid::bigint));
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
