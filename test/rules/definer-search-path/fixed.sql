alter function private.tally(text[], int) set search_path = '';
alter function private.unlisted() set search_path = api, pg_temp;
alter function private.first() set search_path = pg_catalog, pg_temp;
alter function private.last_but_one() set search_path = pg_catalog, "my, own", api, pg_temp;
alter function private.beside(int) set search_path = pg_catalog, api, pg_temp;
alter procedure private."Clear"() set search_path = api, pg_temp;
