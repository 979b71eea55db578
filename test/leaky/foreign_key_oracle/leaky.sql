create table api.replies (
  id integer generated always as identity primary key,
  note_id integer not null references api.notes,
  author text not null default private.me() references private.people
);
alter table api.replies enable row level security;
grant select, insert (note_id) on api.replies to app_user;

create policy select_author on api.replies
  for select
  to app_user
  using (author = (select private.me()));

create policy insert_author on api.replies
  for insert
  to app_user
  with check (author = (select private.me()));

insert into api.replies (note_id, author) values (1, 'alice');
