alter table storage.objects enable row level security;
grant select, insert (bucket_id, name, owner_id), delete on storage.objects to authenticated;
grant select on storage.objects to anon;

create policy "Avatars are public" on storage.objects
  for select
  to anon, authenticated
  using (bucket_id = 'avatars');

create policy "Owners see their files" on storage.objects
  for select
  to authenticated
  using (owner_id = (select auth.uid()));

create policy "Uploads go into one's own folder" on storage.objects
  for insert
  to authenticated
  with check (owner_id = (select auth.uid()) and split_part(name, '/', 1) = (select auth.uid())::text);

create policy "Owners delete their files" on storage.objects
  for delete
  to authenticated
  using (owner_id = (select auth.uid()));
