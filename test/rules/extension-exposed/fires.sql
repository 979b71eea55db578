-- finds: extension citext
create extension citext schema api;
