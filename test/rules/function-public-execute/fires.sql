-- finds: function api.search(text)
-- finds: procedure api."Tidy up"()
create function api.search(query text) returns setof text language sql stable as 'select query';
create procedure api."Tidy up"() language sql as 'select 1';
