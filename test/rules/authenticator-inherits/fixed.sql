alter role web_authenticator noinherit;
revoke web_user from web_authenticator;
grant web_user to web_authenticator;
