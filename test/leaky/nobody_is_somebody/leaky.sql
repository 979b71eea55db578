create table api.guestbook (
  author text default private.me() references private.people,
  entry text not null
);
-- Whose account is gone is null.
insert into api.guestbook values (null, 'A secret'), ('alice', 'Hello');
alter table api.guestbook enable row level security;
grant select on api.guestbook to anonymous, app_user;

create policy select_author on api.guestbook
  for select
  to anonymous, app_user
  using (author is not distinct from (select private.me()));
