revoke execute on function api.search(text) from public;
revoke execute on procedure api."Tidy up"() from public;
