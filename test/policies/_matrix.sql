-- With what the access matrix calls functions, and what it calls that.
select tests.define_call('api.add_member', 'Stella to Apollo',
  jsonb_build_object('project_id', tests.project('Apollo'), 'email', 'stella@example.com', 'role', 'viewer'));
select tests.define_call('api.add_task_tag', 'to Guidance', jsonb_build_object('task_id', tests.task('Guidance'), 'tag', 'new'));
select tests.define_call('api.remove_task_tag', 'from Guidance', jsonb_build_object('task_id', tests.task('Guidance'), 'tag', 'new'));
select tests.define_call('api.assign_task', 'Guidance to Cora',
  jsonb_build_object('task_id', tests.task('Guidance'), 'assignee_id', tests.id('Cora')));
select tests.define_call('api.change_task_status', 'of Guidance',
  jsonb_build_object('task_id', tests.task('Guidance'), 'new_status', 'completed'));
select tests.define_call('api.change_password', 'with the right one',
  '{"current_password": "open sesame", "new_password": "open barley"}');
select tests.define_call('api.change_password', 'with a wrong one',
  '{"current_password": "open barley", "new_password": "open barley"}');
select tests.define_call('api.delete_account', 'with the right password', '{"current_password": "open sesame"}');
select tests.define_call('api.find_tasks', 'any', '{"metadata_filter": {}}');
select tests.define_call('api.search_tasks', 'for guidance', '{"search_query": "guidance"}');
select tests.define_call('api.login', 'as Omar', '{"email": "omar@example.com", "password": "open sesame"}');
select tests.define_call('api.register', 'as somebody new',
  '{"email": "new@example.com", "password": "open sesame", "name": "New"}');
select tests.define_call('api.transfer_project', 'Apollo to Adam',
  jsonb_build_object('project_id', tests.project('Apollo'), 'new_owner_id', tests.id('Adam')));
