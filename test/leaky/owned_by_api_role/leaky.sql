grant create on schema api to app_user;
alter table api.notes owner to app_user;
