create function auth.rank_tasks(search_query text)
  returns table (id bigint, place bigint)
  language plpgsql
  stable
  security definer
  set search_path = ''
  set random_page_cost = 1.1
  set client_min_messages = 'warning'
as $$
declare
  -- Cut off, and without rows of minus signs: long and deep queries cost the parser more than they could ever find.
  words constant tsquery := websearch_to_tsquery(
    'pg_catalog.english',
    regexp_replace(left(coalesce(search_query, ''), 500), '(-\s*){2,}', '-', 'g')
  );
begin
  if numnode(words) = 0 then
    return;
  end if;
  return query
    select r.id, row_number() over (order by r.rank desc, r.id desc)
    from (
      select c.id, ts_rank(c.search_vector, words) as rank
      from internal.find_candidates('t.search_vector @@ $1', words, null) as c
    ) as r
    order by 2
    limit 100;
end
$$;
comment on function auth.rank_tasks(text) is 'The caller''s 100 best tasks for a search, among the newest 1,000 that match. Definer, because it reads words of tasks by index; it answers numbers of the caller''s own tasks only.';
grant execute on function auth.rank_tasks(text) to api_user;
