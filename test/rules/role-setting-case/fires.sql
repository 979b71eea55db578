-- finds: role web_anon
-- finds: role web_user
alter role web_user set work_mem = '256MB';
alter role web_user set effective_cache_size = '1GB';
alter role web_anon set work_mem = '1.5 GB';
