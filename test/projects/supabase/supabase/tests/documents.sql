begin;
select no_plan();

select tests.as_anonymous();
select tests.can_see('select from public.documents', 2, 'without a token one reads what is published');
select tests.sees_nothing($$ select from public.documents where state <> 'published' $$, 'and nothing else');
select tests.can_see('select from public.published_documents', 2, 'by the view too');
select tests.denies($$ update public.documents set title = 'x' $$);
select tests.denies($$ select public.create_document(tests.organisation('acme'), 'Mine') $$);

select tests.only('{Ed}', $$ select from public.documents where title = 'Draft' $$, 'sees_nothing', 'see the draft of Ed');
select tests.only('{Ada,Max,Ed,Vic}', $$ select from public.documents where title = 'Deal' $$, 'sees_nothing', 'see what is locked');
select tests.only('{Ada,Max,Ed,Vic,Zoe,Guest}', $$ select from public.documents where title = 'News' $$, 'sees_nothing', 'see what is published');
select tests.only('{Ada,Max,Ed}', $$ insert into public.documents (organisation_id, title) values (tests.organisation('acme'), 'New') $$, 'refuses', 'write in acme');
select tests.only('{Ada,Max,Ed}', $$ select number from public.create_document(tests.organisation('acme'), 'New') $$, 'refuses', 'write in acme by the function');
select tests.only('{Ada,Max,Ed}', $$ update public.documents set body = '' where title = 'News' $$, 'filters', 'revise the news');
select tests.as_user('Max');
select tests.lets($$ update public.documents set body = '' $$, 1, 'without a filter, what is neither locked nor another''s draft');
select tests.only('{Ed}', $$ update public.documents set title = 'Done', state = 'published' where title = 'Draft' $$, 'filters', 'publish the draft of Ed');
select tests.only('{}', $$ update public.documents set body = '' where title = 'Deal' $$, 'filters', 'revise what is locked');
select tests.only('{Ada,Max}', $$ delete from public.documents where title = 'News' $$, 'filters', 'delete the news');

select tests.as_user('Ed');
select tests.denies($$ update public.documents set author_id = tests.id('Ada') where title = 'News' $$, 'authors stay who they are');
select tests.denies($$ update public.documents set organisation_id = tests.organisation('zenith') where title = 'News' $$, 'and documents where they are');
select tests.denies('update public.documents set number = number', 'and their numbers');
select tests.denies($$ insert into public.documents (organisation_id, title, author_id) values (tests.organisation('acme'), 'x', auth.uid()) $$, 'who writes is the author');
select tests.raises($$ insert into public.documents (organisation_id, title) values (tests.organisation('acme'), ' ') $$, 400, 'a title says something');
select tests.denies($$ insert into public.documents (organisation_id, number, title) values (tests.organisation('acme'), 99, 'x') $$, 'numbers are given');
select tests.can_see($$ select from public.find_documents('a') $$, 4, 'one searches what one sees');
select tests.can_see($$ select from public.find_documents('a', 'locked', 'draft') $$, 2, 'in the states that one names');
select is((public.create_document(tests.organisation('acme'), 'Numbered')).number, 5, 'the next number');

select tests.only('{Ada,Max}', $$ select from public.events where organisation_id = tests.organisation('acme') and at < '2025-01-01Z' $$, 'sees_nothing', 'look back at acme');
select tests.as_user('Ada');
select tests.denies('select from public.events_2024', 'not at a partition itself');
select tests.denies('insert into public.events (organisation_id, number, what) values (tests.organisation(''acme''), 1, ''x'')', 'and not to write');

select tests.as_anonymous();
select tests.can_see('select from storage.objects', 1, 'without a token one sees avatars');
select tests.only('{Ed}', $$ select from storage.objects where name like '%/notes.txt' $$, 'sees_nothing', 'see the file of Ed');
select tests.only('{Ed}', $$ delete from storage.objects where name like '%/notes.txt' $$, 'filters', 'delete it');
select tests.only('{Ada}', $$ delete from storage.objects where bucket_id = 'avatars' $$, 'filters', 'delete the avatar that everybody sees');
select tests.as_user('Ed');
select tests.lets($$ insert into storage.objects (bucket_id, name, owner_id) values ('files', auth.uid() || '/x', auth.uid()) $$, 1, 'one uploads into one''s own folder');
select tests.refuses($$ insert into storage.objects (bucket_id, name, owner_id) values ('files', tests.id('Ada') || '/x', auth.uid()) $$, 'and not into that of others');
select tests.refuses($$ insert into storage.objects (bucket_id, name, owner_id) values ('files', auth.uid() || '/x', tests.id('Ada')) $$, 'nor in their name');

select tests.only('{Ada,Max}', $$ select from "Billing"."Invoice.Totals" where "Organisation" = tests.organisation('acme') $$, 'sees_nothing', 'see what acme owes');
select tests.as_user('Ada');
select tests.can_see($$ select from "Billing"."Invoice.Totals" where "Total (€)" = 120.5 $$, 1);
select tests.denies($$ select "Cost ""internal""" from "Billing"."Invoice Lines" $$, 'what it cost us is not for them');
select tests.as_role('service_role');
select tests.can_see($$ select "Cost ""internal""" from "Billing"."Invoice Lines" $$, 3, 'the monthly run sees all');
select tests.can_see('select from "Billing"."Invoice.Totals"', 2, 'by the view too');

select * from finish();
rollback;
