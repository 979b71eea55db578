create function api.find_tasks(metadata_filter jsonb)
  returns setof api.task_details
  language sql
  stable
  rows 100
begin atomic
  -- Sorted before the look-ups, so that a client's limit ends them early; the limit of one makes them look-ups, where the
  -- planner might join with all that the caller sees.
  select d.*
  from (
    select found.id, found.place
    from auth.match_tasks(find_tasks.metadata_filter) as found
    order by found.place
  ) as m
  cross join lateral (
    select t.*
    from api.task_details as t
    where t.id = m.id
    limit 1
  ) as d
  order by m.place;
end;
comment on function api.find_tasks(jsonb) is
$$Find tasks by their metadata

The newest 1,000 whose metadata contain the filter, such as {"tags": ["urgent"]}. 400 when the filter is no object.$$;
grant execute on function api.find_tasks(jsonb) to api_user;
