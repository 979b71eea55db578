create function auth.base64url(bytes bytea)
  returns text
  language sql
  immutable
  set search_path = ''
as $$
  -- encode() breaks its lines after 76 characters; RFC 7515 has no line ends and no padding.
  select translate(encode(bytes, 'base64'), E'+/=\n', '-_')
$$;
comment on function auth.base64url(bytea) is 'Base64 as RFC 7515 writes it in tokens. Granted to nobody.';
