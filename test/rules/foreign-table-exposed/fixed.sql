revoke select on api.rates from web_user;
