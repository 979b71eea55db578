-- Alice administers the red team and Bob reads there; Mallory is of the blue team.
select tests.define_user(name, jsonb_build_object('role', 'app_user', 'sub', name))
from unnest('{alice,bob,mallory}'::text[]) as name;
