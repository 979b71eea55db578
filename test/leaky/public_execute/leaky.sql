-- How many notes there are is for everybody who has an account.
create function api.how_many()
  returns bigint
  language sql
  stable
  security definer
  set search_path = ''
as $$
  select count(*)
  from api.notes as n
$$;
grant execute on function api.how_many() to app_user;
