-- finds: role web_anon
-- finds: role web_authenticator
-- finds: role web_user
alter role web_authenticator createrole;
alter role web_user bypassrls createdb;
grant pg_read_all_data to web_anon;
