create function public.create_document(
  organisation uuid,
  title text,
  body text default '',
  state public.document_state default 'draft'
)
  returns public.documents
  language sql
  set search_path = ''
as $$
  insert into public.documents (organisation_id, title, body, state)
  values (organisation, title, body, state)
  returning *
$$;
comment on function public.create_document(uuid, text, text, public.document_state) is 'A new document of the caller''s.';
revoke execute on function public.create_document(uuid, text, text, public.document_state) from public;
grant execute on function public.create_document(uuid, text, text, public.document_state) to authenticated;
