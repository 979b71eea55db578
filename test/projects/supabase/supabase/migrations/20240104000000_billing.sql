-- An accountant named these.

-- Up Migration
create schema "Billing";
grant usage on schema "Billing" to authenticated, service_role;
-- The monthly run reads whatever is made here.
alter default privileges in schema "Billing" grant select on tables to service_role;

create table "Billing"."Invoice Lines" (
  "No." integer generated always as identity primary key,
  "Organisation" uuid not null references public.organisations on delete cascade,
  "Total (€)" numeric(12, 2) not null,
  "Cost ""internal""" numeric(12, 2)
);
create index "Invoice Lines_Organisation_idx" on "Billing"."Invoice Lines" ("Organisation");

create materialized view private.turnover as
  select
    l."Organisation" as organisation_id,
    sum(l."Total (€)") as total
  from "Billing"."Invoice Lines" as l
  group by l."Organisation";
create unique index turnover_organisation_id_idx on private.turnover (organisation_id);

-- Down Migration
drop materialized view private.turnover;
drop table "Billing"."Invoice Lines";
alter default privileges in schema "Billing" revoke select on tables from service_role;
drop schema "Billing";
