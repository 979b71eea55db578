revoke create on schema private from web_user;
