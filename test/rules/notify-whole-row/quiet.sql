create table api.notes (id bigint, title text);
create function api.tell() returns trigger
  language plpgsql
as $$
begin
  -- Not row_to_json(new): whoever listens reads the row.
  perform pg_notify('notes', json_build_object('operation', tg_op, 'id', new.id)::text);
  return new;
end
$$;
create trigger tell
  after insert on api.notes
  for each row
  execute function api.tell();
create function api.unused() returns trigger
  language plpgsql
as $$
begin
  perform pg_notify('notes', row_to_json(new)::text);
  return new;
end
$$;
