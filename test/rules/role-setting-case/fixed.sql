alter role web_user set work_mem = 262144;
alter role web_user set effective_cache_size = 131072;
alter role web_anon set work_mem = 1572864;
