create function auth.match_tasks(metadata_filter jsonb)
  returns table (id bigint, place bigint)
  language plpgsql
  stable
  security definer
  set search_path = ''
  set random_page_cost = 1.1
as $$
begin
  if jsonb_typeof(metadata_filter) is distinct from 'object' then
    raise exception 'the filter is not a JSON object'
      using
        errcode = 'invalid_parameter_value',
        hint = 'for example {"tags": ["urgent"]}';
  end if;
  if octet_length(metadata_filter::text) > 16384 then
    raise exception 'the filter is too long'
      using
        errcode = 'invalid_parameter_value',
        hint = 'metadata have at most 16 kB, and so has a filter';
  end if;
  return query
    select c.id, row_number() over (order by c.id desc)
    from internal.find_candidates('t.metadata @> $2', null, metadata_filter) as c;
end
$$;
comment on function auth.match_tasks(jsonb) is 'The caller''s newest 1,000 tasks whose metadata contain the filter. Definer, because it uses an index that row level security rules out; it answers numbers of the caller''s own tasks only.';
grant execute on function auth.match_tasks(jsonb) to api_user;
