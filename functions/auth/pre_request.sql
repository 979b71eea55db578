create function auth.pre_request()
  returns void
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  caller constant bigint := auth.user_id();
  issued_at constant text := nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'iat';
begin
  if caller is null then
    return;
  end if;
  if not exists (
    select
    from auth.credentials as c
    where c.user_id = caller
      and c.tokens_since <= case when issued_at ~ '^[0-9]{1,18}(\.[0-9]+)?$' then floor(issued_at::numeric) else 0 end
  ) then
    raise exception 'the token is not valid any more'
      using
        errcode = 'PT401',
        hint = 'log in again';
  end if;
end
$$;
comment on function auth.pre_request() is 'For PostgREST''s db-pre-request: refuses tokens whose account is gone, and those issued before the last change of password. Definer, because it reads auth.credentials.';
grant execute on function auth.pre_request() to api_anonymous, api_user;
