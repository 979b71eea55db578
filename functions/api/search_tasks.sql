create function api.search_tasks(search_query text)
  returns setof api.task_details
  language sql
  stable
  rows 100
begin atomic
  -- Ranked and limited first, and only then decorated, with the rights of the caller. Sorted before the look-ups, so that
  -- a client's limit ends them early; the limit of one makes them look-ups, where the planner might join with all that the
  -- caller sees.
  select d.*
  from (
    select found.id, found.place
    from auth.rank_tasks(search_tasks.search_query) as found
    order by found.place
  ) as r
  cross join lateral (
    select t.*
    from api.task_details as t
    where t.id = r.id
    limit 1
  ) as d
  order by r.place;
end;
comment on function api.search_tasks(text) is
$$Search tasks by words

Best match first, up to 100 of the newest 1,000 that match. The query is written as for a web search: words, "phrases", or, -without. Words are English and match their other forms. Any text is a valid query; one without words finds nothing.$$;
grant execute on function api.search_tasks(text) to api_user;
