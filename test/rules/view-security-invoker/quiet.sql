create table api.notes (id bigint, title text);
create table api.words (word text);
alter table api.notes enable row level security;
create view api.titles with (security_invoker = true) as
  select n.title
  from api.notes as n;
create view api.all_words as
  select w.word
  from api.words as w;
create view private.all_titles as
  select n.title
  from api.notes as n;
create view api.not_granted as
  select n.title
  from api.notes as n;
create role shower;
create view api.shown as
  select n.title
  from api.notes as n;
alter view api.shown owner to shower;
create table api.forced (id bigint);
create view api.bound as
  select f.id
  from api.forced as f;
alter table api.forced enable row level security, force row level security, owner to shower;
alter view api.bound owner to shower;
grant select on api.titles, api.all_words, private.all_titles, api.shown, api.bound to web_user;
