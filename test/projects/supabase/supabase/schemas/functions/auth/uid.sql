create function auth.uid()
  returns uuid
  language sql
  stable
return (auth.jwt() ->> 'sub')::uuid;
comment on function auth.uid() is 'Whose token it is; null for nobody.';
