create foreign data wrapper elsewhere;
create server elsewhere foreign data wrapper elsewhere;
create foreign table api.rates (rate numeric) server elsewhere;
create foreign table private.rates (rate numeric) server elsewhere;
grant select on private.rates to web_user;
