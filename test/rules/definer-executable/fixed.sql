revoke execute on function api.add_tag(bigint, text) from public;
