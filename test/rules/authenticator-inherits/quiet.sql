create role reports;
grant reports to web_user;
