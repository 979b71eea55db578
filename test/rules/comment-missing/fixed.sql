comment on column api.notes.title is 'Its first line.';
comment on view api.titles is 'First lines.';
comment on column api.titles.title is 'A first line.';
comment on function api.search(text) is 'Finds a note.';
