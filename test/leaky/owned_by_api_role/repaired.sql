grant select, insert (team_id, body) on api.notes to app_user;
