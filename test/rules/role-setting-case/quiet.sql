create role reporting nologin;
alter role reporting set work_mem = '256MB';
alter role web_user set statement_timeout = '5s';
alter role web_user set timezone = 'Europe/Berlin';
alter role web_user set temp_buffers = 1024;
alter role web_authenticator set work_mem = '64MB';
