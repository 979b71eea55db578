create role deployer superuser;
grant web_user to deployer;
grant pg_read_all_data to deployer;
