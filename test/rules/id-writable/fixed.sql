alter table api.notes alter column id set generated always;
revoke update (id) on api.tags from web_user;
