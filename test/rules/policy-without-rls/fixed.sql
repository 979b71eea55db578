alter table api.notes enable row level security;
