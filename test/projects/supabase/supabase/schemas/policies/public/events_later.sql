-- Read through public.events, whose policies do not hold here. Nothing is granted.
alter table public.events_later enable row level security;
