-- finds: role web_authenticator
alter role web_authenticator inherit;
revoke web_user from web_authenticator;
grant web_user to web_authenticator;
