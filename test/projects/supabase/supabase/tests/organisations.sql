begin;
select no_plan();

select tests.only('{Ada,Max,Ed,Vic}', $$ select from public.organisations where slug = 'acme' $$, 'sees_nothing', 'see acme');
select tests.only('{Ada,Max}', $$ update public.organisations set slug = 'acme-2' where slug = 'acme' $$, 'filters', 'rename acme');
select tests.only('{Max}', $$ delete from public.organisations where slug = 'acme' $$, 'filters', 'delete acme');

select tests.as_user('Ada', claims => '{"aal": "aal2"}');
select tests.lets($$ delete from public.organisations where slug = 'acme' $$, 1, 'with a second factor its founder deletes it');
select tests.as_user('Vic', claims => '{"aal": "aal2"}');
select tests.filters($$ delete from public.organisations where slug = 'acme' $$, 'a second factor alone does not');

select tests.as_user('Guest');
select tests.lets(format('insert into public.organisations (slug, created_by) values (%L, %L)', 'mine', tests.id('Guest')), 1, 'anybody founds one');
select tests.lets('insert into public.organisations (slug, created_by) values (''mine'', auth.uid()) returning id', 1, 'and sees it at once');
select tests.refuses(format('insert into public.organisations (slug, created_by) values (%L, %L)', 'his', tests.id('Ada')), 'and not in the name of others');
select tests.raises($$ insert into public.organisations (slug, created_by) values ('No Slug!', auth.uid()) $$, 400, 'a slug is one');
insert into public.organisations (slug, created_by) values ('mine', tests.id('Guest'));
select tests.can_see($$ select from public.memberships where user_id = auth.uid() and role = 'admin' $$, 1, 'who founds one administers it');

select tests.as_anonymous();
select tests.denies('select from public.organisations', 'nobody without a token');
select tests.denies('select from public.memberships');
select tests.denies('select from public.profiles');

select tests.only('{Ada,Max,Ed,Vic}', $$ select from public.memberships where organisation_id = tests.organisation('acme') $$, 'sees_nothing', 'see who is in acme');
select tests.only('{Ada,Max}', $$ update public.memberships set role = 'admin' where user_id = tests.id('Vic') $$, 'filters', 'promote Vic');
select tests.only('{Ada,Max,Ed}', $$ delete from public.memberships where user_id = tests.id('Ed') $$, 'filters', 'remove Ed');
select tests.as_user('Ada');
select tests.filters($$ update public.memberships set role = 'viewer' where user_id = tests.id('Ada') $$, 'nobody changes their own role');
select tests.denies($$ update public.memberships set user_id = tests.id('Guest') where user_id = tests.id('Vic') $$, 'nor whose it is');
select tests.denies('update public.memberships set organisation_id = organisation_id', 'nor where');
select tests.denies('update public.organisations set created_by = created_by', 'who founded it stays so');
select tests.denies($$ insert into public.memberships values (tests.organisation('acme'), tests.id('Guest'), 'viewer') $$, 'adding goes by invitation');
select tests.only('{Ada,Max}', $$ select public.invite(tests.organisation('acme'), 'guest') $$, '403', 'invite Guest');
select tests.as_user('Ada');
select tests.raises($$ select public.invite(tests.organisation('acme'), 'nobody', 'editor') $$, 404, 'there must be somebody to invite');

select tests.only('{Ada,Max,Ed,Vic}', $$ select from public.profiles where handle = 'ada' $$, 'sees_nothing', 'see Ada');
select tests.only('{Ada}', $$ update public.profiles set full_name = 'Ada L.' where handle = 'ada' $$, 'filters', 'change her name');
select tests.as_user('Guest');
select tests.can_see('select from public.profiles', 1, 'who is nowhere sees themself');
select tests.as_user('Ada');
select tests.denies($$ update public.profiles set id = id $$, 'nobody changes who they are');

select * from finish();
rollback;
