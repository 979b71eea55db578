create function internal.find_candidates(condition text, words tsquery, document jsonb)
  returns table (id bigint, search_vector tsvector)
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
begin
  -- Planned each time, with the caller's own projects and words: which index is best depends on how many there are.
  return query execute format(
    'select t.id, t.search_vector
     from api.tasks as t
     where t.project_id = any (%L::bigint[]) and %s
     order by t.id desc
     limit 1000',
    auth.project_ids(),
    condition
  )
  using words, document;
end
$$;
comment on function internal.find_candidates(text, tsquery, jsonb) is 'The newest 1,000 tasks of the caller''s projects that meet a condition, which must come from code and not from a client. Definer, because under row level security no GIN index serves @@ or @>; it applies the membership itself.';
