-- finds: table api.notes
-- finds: view api.titles
create table api.notes (id bigint, title text);
create view api.titles with (security_invoker = true) as
  select n.title
  from api.notes as n;
grant select on api.titles to public;
grant insert (title) on api.notes to public;
