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
grant select on api.titles, api.all_words, private.all_titles to web_user;
