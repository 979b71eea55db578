create view public.published_documents
with (security_invoker = true, security_barrier = true)
as
  select
    d.organisation_id,
    d.number,
    d.title,
    d.body,
    d.words
  from public.documents as d
  where d.state = 'published';
comment on view public.published_documents is 'What everybody may read.';
grant select on public.published_documents to anon, authenticated;
