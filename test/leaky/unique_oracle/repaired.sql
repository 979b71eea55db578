create table api.labels (
  label text,
  person text default private.me() references private.people,
  primary key (person, label)
);
insert into api.labels values ('merger', 'alice');
alter table api.labels enable row level security;
grant select, insert (label) on api.labels to app_user;

create policy select_own on api.labels
  for select
  to app_user
  using (person = (select private.me()));

create policy insert_own on api.labels
  for insert
  to app_user
  with check (person = (select private.me()));
