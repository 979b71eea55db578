revoke all on api.titles from public;
revoke all on api.notes from public;
