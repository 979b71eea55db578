create function auth.sign_jwt(payload jsonb)
  returns text
  language plpgsql
  stable
  security definer
  set search_path = ''
as $$
declare
  secret text := (select s.secret from auth.secrets as s);
  signed text := auth.base64url(convert_to('{"alg":"HS256","typ":"JWT"}', 'UTF8'))
    || '.'
    || auth.base64url(convert_to(auth.compact_json(payload), 'UTF8'));
begin
  if secret is null then
    raise exception 'no token can be signed: the database has no JWT secret'
      using
        errcode = 'object_not_in_prerequisite_state',
        hint = 'the owner of the database sets one with: npx tm-db migrate';
  end if;
  if jsonb_typeof(payload) is distinct from 'object' then
    raise exception 'the claims of a token are a JSON object'
      using errcode = 'invalid_parameter_value';
  end if;
  return signed || '.' || auth.base64url(internal.hmac(convert_to(signed, 'UTF8'), convert_to(secret, 'UTF8'), 'sha256'));
end
$$;
comment on function auth.sign_jwt(jsonb) is 'Signs claims as a JWT (HS256, RFC 7519) with the secret of auth.secrets. Definer, because nobody may read the secret; granted to nobody, since whoever signs can be anybody.';
