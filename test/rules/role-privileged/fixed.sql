alter role web_authenticator nocreaterole;
alter role web_user nobypassrls nocreatedb;
revoke pg_read_all_data from web_anon;
