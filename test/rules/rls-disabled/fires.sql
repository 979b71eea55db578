-- finds: table api.notes
-- finds: table api.notes_2026
create table api.notes (id bigint, at date) partition by range (at);
create table api.notes_2026 partition of api.notes for values from ('2026-01-01') to ('2027-01-01');
grant select on api.notes, api.notes_2026 to web_user;
