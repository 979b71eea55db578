revoke select on api.accounts from web_user;
grant select (id, name) on api.accounts to web_user;
revoke select on api.logins from web_user;
grant select (id) on api.logins to web_user;
