create function internal.are_valid_tags(tags jsonb)
  returns boolean
  language plpgsql
  immutable
  set search_path = ''
as $$
begin
  -- Each write of a task comes by here, so what most have is decided without a query.
  if tags is null then
    return true;
  end if;
  if jsonb_typeof(tags) <> 'array' then
    return false;
  end if;
  if jsonb_path_exists(
    tags,
    'strict $[*] ? (@.type() != "string" || !(@ like_regex "[^[:space:]]") || @ like_regex "^.{51}" flag "s")'
  ) then
    return false;
  end if;
  if jsonb_array_length(tags) < 2 then
    return true;
  end if;
  return jsonb_array_length(tags) = (select count(distinct e.tag) from jsonb_array_elements(tags) as e (tag));
end
$$;
comment on function internal.are_valid_tags(jsonb) is 'Whether this is nothing, or a list of different texts of up to 50 characters that are not blank.';
-- The check on api.tasks runs it as whoever writes the row.
grant execute on function internal.are_valid_tags(jsonb) to api_user;
