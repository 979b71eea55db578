alter extension citext set schema private;
