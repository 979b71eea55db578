grant all on api.notes to app_user;
