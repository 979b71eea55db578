create function api.find_tasks(metadata_filter jsonb)
  returns setof api.task_details
  language sql
  stable
  rows 100
begin atomic
  select d.*
  from auth.match_tasks(find_tasks.metadata_filter) as m
  join api.task_details as d on d.id = m.id
  order by m.place;
end;
comment on function api.find_tasks(jsonb) is
$$Find tasks by their metadata

The newest 1,000 whose metadata contain the filter, such as {"tags": ["urgent"]}. 400 when the filter is no object.$$;
grant execute on function api.find_tasks(jsonb) to api_user;
