-- finds: sequence api.notes_id_seq
create table api.notes (id bigserial);
grant all on sequence api.notes_id_seq to web_user;
