alter view api.titles set (security_invoker = true);
alter view private.inner_titles set (security_invoker = true);
