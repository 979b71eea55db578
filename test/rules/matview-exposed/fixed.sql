revoke select on api.stats from web_user;
