revoke select on api.accounts from web_user;
grant select (id, name) on api.accounts to web_user;
