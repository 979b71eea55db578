create function api.remove_task_tag(task_id bigint, tag text)
  returns api.task_details
  language plpgsql
  volatile
  set search_path = ''
as $$
declare
  label constant text := btrim(remove_task_tag.tag, E' \t\n\r\f\x0b');
  tagged api.task_details;
begin
  perform auth.require_task_role(remove_task_tag.task_id, 'contributor');
  if label is null then
    raise exception 'the tag is missing'
      using
        errcode = 'invalid_parameter_value',
        hint = 'say which tag to take away';
  end if;
  -- Worked out from the row as it is when its turn comes, so that two at once both count.
  update api.tasks as t
  set metadata = jsonb_set(
      t.metadata,
      '{tags}',
      coalesce(
        (
          select jsonb_agg(e.tag order by e.tag collate "C")
          from jsonb_array_elements_text(t.metadata -> 'tags') as e (tag)
          where e.tag <> label
        ),
        '[]'
      )
    )
  where t.id = remove_task_tag.task_id
    and t.metadata -> 'tags' ? label;
  select d.*
  into tagged
  from api.task_details as d
  where d.id = remove_task_tag.task_id;
  return tagged;
end
$$;
comment on function api.remove_task_tag(bigint, text) is
$$Take a tag from a task

For contributors and admins; answers the task. Taking one away that is not there changes nothing; other metadata stay as they are. 404 for a task that is not in the caller's projects, 403 for viewers, 400 for a tag that cannot be one.$$;
grant execute on function api.remove_task_tag(bigint, text) to api_user;
