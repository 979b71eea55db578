create view api.user_profiles
with (security_invoker = true)
as
  select
    u.id,
    case when u.id = (select auth.user_id()) then (select auth.own_email()) end as email,
    u.name,
    u.created_at
  from api.users as u;
comment on view api.user_profiles is 'The caller, and the people they share a project with.';
comment on column api.user_profiles.id is 'Number of the account.';
comment on column api.user_profiles.email is 'The caller''s own address; null for everybody else.';
comment on column api.user_profiles.name is 'Name.';
comment on column api.user_profiles.created_at is 'When the account was made.';
grant select on api.user_profiles to api_user;
