-- finds: foreign table api.rates
create foreign data wrapper elsewhere;
create server elsewhere foreign data wrapper elsewhere;
create foreign table api.rates (rate numeric) server elsewhere;
grant select on api.rates to web_user;
