alter table api.notes enable row level security;
revoke select on api.notes_2026 from web_user;
