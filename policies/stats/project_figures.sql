-- Not forced: triggers keep the figures as the owner.
alter table stats.project_figures enable row level security;

-- For the views in api, which read it with the caller's rights; nobody has usage on the schema. Not granted: writing.
grant select on stats.project_figures to api_user;

create policy select_member on stats.project_figures
  for select
  to api_user
  using (project_id = any ((select auth.project_ids())::bigint[]));
