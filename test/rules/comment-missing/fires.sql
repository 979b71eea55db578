-- finds: function api.search(text)
-- finds: table api.notes
-- finds: view api.titles
create table api.notes (id bigint, title text);
comment on table api.notes is 'What people wrote down.';
comment on column api.notes.id is 'Its number.';
create view api.titles as
  select n.title
  from api.notes as n;
grant select on api.notes, api.titles to web_user;
create function api.search(query text) returns text language sql as 'select query';
