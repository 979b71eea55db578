-- finds: view api.titles
-- finds: view private.inner_titles
create table api.notes (id bigint, title text);
alter table api.notes enable row level security;
create view api.titles as
  select n.title
  from api.notes as n;
create view private.inner_titles as
  select n.title
  from api.notes as n;
create view api.outer_titles with (security_invoker = on) as
  select t.title
  from private.inner_titles as t;
grant select on api.titles, api.outer_titles to web_user;
