alter table api.notes owner to current_user;
alter table private.shared owner to current_user;
