-- finds: function api.add_tag(bigint, text)
create function api.add_tag(id bigint, tag text) returns void
  language sql
  security definer
  set search_path = ''
as 'select';
