create table api.notes (id bigserial);
grant usage on sequence api.notes_id_seq to web_user;
create table private.notes (id bigserial);
grant all on sequence private.notes_id_seq to web_anon;
