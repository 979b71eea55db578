create function internal.are_valid_tags(tags jsonb)
  returns boolean
  language plpgsql
  immutable
  set search_path = ''
as $$
begin
  if tags is null then
    return true;
  end if;
  if jsonb_typeof(tags) <> 'array' then
    return false;
  end if;
  return not exists (
    select
    from jsonb_array_elements(tags) as e (tag)
    where jsonb_typeof(e.tag) <> 'string'
      or e.tag #>> '{}' !~ '[^[:space:]]'
      or char_length(e.tag #>> '{}') > 50
  )
  and (select count(*) = count(distinct e.tag) from jsonb_array_elements(tags) as e (tag));
end
$$;
comment on function internal.are_valid_tags(jsonb) is 'Whether this is nothing, or a list of different texts of up to 50 characters that are not blank.';
-- The check on api.tasks runs it as whoever writes the row.
grant execute on function internal.are_valid_tags(jsonb) to api_user;
