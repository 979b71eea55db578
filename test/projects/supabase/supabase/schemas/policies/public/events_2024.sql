-- Read through public.events, whose policies do not hold here. Nothing is granted.
alter table public.events_2024 enable row level security;
