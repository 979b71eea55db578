alter role web_authenticator nocreaterole;
alter role web_user nobypassrls nocreatedb;
