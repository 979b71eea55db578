-- finds: column api.accounts."apiKey"
-- finds: column api.accounts.password_hash
-- finds: column api.logins.accesskey
-- finds: column api.logins.mfa_seed
-- finds: column api.logins.passcode
-- finds: column api.logins.pw
-- finds: column api.logins.recovery_codes
-- finds: column api.logins.refreshtoken
-- finds: column api.logins.signing_key
create table api.accounts (id bigint, name text, password_hash text, "apiKey" bytea);
grant select on api.accounts to web_user;
create table api.logins (
  id bigint,
  accesskey text,
  mfa_seed bytea,
  passcode text,
  pw text,
  recovery_codes text[],
  refreshtoken text,
  signing_key text
);
grant select on api.logins to web_user;
