create table api.notes (id bigint generated always as identity, title text);
create table api.tags (id bigserial, name text);
create table api.keys (id uuid default gen_random_uuid());
grant insert on api.notes, api.keys to web_user;
grant insert (name), select on api.tags to web_user;
