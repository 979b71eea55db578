create extension citext schema private;
