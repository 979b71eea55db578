create table api.notes (id bigint);
create view api.titles as
  select n.id
  from api.notes as n;
alter view api.titles owner to web_user;
create role deployer;
create table private.jobs (id bigint);
alter table private.jobs owner to deployer;
