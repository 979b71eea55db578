alter table api.teams enable row level security;
