create function api.add_task_tag(task_id bigint, tag text)
  returns api.task_details
  language plpgsql
  volatile
  set search_path = ''
as $$
declare
  label constant text := btrim(add_task_tag.tag, E' \t\n\r\f\x0b');
  tagged api.task_details;
begin
  perform auth.require_task_role(add_task_tag.task_id, 'contributor');
  if label is null or label !~ '[^[:space:]]' or char_length(label) > 50 then
    raise exception 'the tag is blank or too long'
      using
        errcode = 'invalid_parameter_value',
        hint = 'a tag has 1 to 50 characters';
  end if;
  -- Worked out from the row as it is when its turn comes, so that two at once both count.
  update api.tasks as t
  set metadata = jsonb_set(
      t.metadata,
      '{tags}',
      (
        select jsonb_agg(e.tag order by e.tag collate "C")
        from (
          select jsonb_array_elements_text(coalesce(t.metadata -> 'tags', '[]'))
          union
          select label
        ) as e (tag)
      )
    )
  where t.id = add_task_tag.task_id;
  select d.*
  into tagged
  from api.task_details as d
  where d.id = add_task_tag.task_id;
  return tagged;
end
$$;
comment on function api.add_task_tag(bigint, text) is
$$Add a tag to a task

For contributors and admins; answers the task. The tags stay a sorted list without doubles; other metadata stay as they are. 404 for a task that is not in the caller's projects, 403 for viewers, 400 for a tag that cannot be one.$$;
grant execute on function api.add_task_tag(bigint, text) to api_user;
