revoke select, update on sequence api.notes_id_seq from web_user;
