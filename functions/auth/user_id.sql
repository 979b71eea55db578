create function auth.user_id()
  returns bigint
  language sql
  stable
  parallel safe
begin atomic
  -- Anything that is not a plain number, or too long to be one, is nobody.
  select
    case
      when coalesce(
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'user_id',
        current_setting('request.jwt.claim.user_id', true)
      ) ~ '^[0-9]{1,18}$'
        then coalesce(
          nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'user_id',
          current_setting('request.jwt.claim.user_id', true)
        )::bigint
    end;
end;
comment on function auth.user_id() is 'The caller''s number from the token''s claims; null for nobody. Not pinned to a search_path, so that it can be inlined: its names are bound when it is created.';
grant execute on function auth.user_id() to api_anonymous, api_user;
