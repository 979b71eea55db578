create function internal.notify_task(operation text, id bigint, project_id bigint, status text)
  returns void
  language sql
  volatile
begin atomic
  select
    pg_notify(
      'task_changes',
      json_build_object('operation', operation, 'id', id, 'project_id', project_id, 'status', status, 'at', clock_timestamp())::text
    );
end;
comment on function internal.notify_task(text, bigint, bigint, text) is 'One message on task_changes. Equal messages of a transaction would be delivered once; `at` keeps them apart.';
