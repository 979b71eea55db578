revoke truncate on api.notes from web_user;
