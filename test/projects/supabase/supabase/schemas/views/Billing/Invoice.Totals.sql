create view "Billing"."Invoice.Totals"
with (security_invoker = true)
as
  select
    l."Organisation",
    count(*) as "Lines",
    sum(l."Total (€)") as "Total (€)"
  from "Billing"."Invoice Lines" as l
  group by l."Organisation";
comment on view "Billing"."Invoice.Totals" is 'What an organisation owes.';
comment on column "Billing"."Invoice.Totals"."Total (€)" is 'In euro.';
grant select on "Billing"."Invoice.Totals" to authenticated;
