create role deployer;
grant create on schema api to deployer;
grant usage on schema private to web_user;
