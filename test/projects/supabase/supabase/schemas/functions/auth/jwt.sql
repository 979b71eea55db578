create function auth.jwt()
  returns jsonb
  language sql
  stable
return nullif(current_setting('request.jwt.claims', true), '')::jsonb;
comment on function auth.jwt() is 'The claims of the caller''s token.';
