create function public.find_documents(query text)
  returns setof public.documents
  language sql
  stable
  set search_path = ''
as $$
  select d.*
  from public.documents as d
  where strpos(lower(d.title || ' ' || d.body), lower(query)) > 0
  order by d.organisation_id, d.number
$$;
comment on function public.find_documents(text) is 'Documents that the caller may see and that hold this text.';

create function public.find_documents(query text, variadic states public.document_state[])
  returns setof public.documents
  language sql
  stable
  set search_path = ''
as $$
  select d.*
  from public.find_documents(query) as d
  where d.state = any (states)
$$;
comment on function public.find_documents(text, public.document_state[]) is 'The same, in one of these states.';
