-- finds: schema private
grant create on schema private to web_user;
