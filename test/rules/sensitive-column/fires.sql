-- finds: column api.accounts."apiKey"
-- finds: column api.accounts.password_hash
create table api.accounts (id bigint, name text, password_hash text, "apiKey" bytea);
grant select on api.accounts to web_user;
