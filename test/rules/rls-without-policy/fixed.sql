revoke delete on api.notes from web_user;
