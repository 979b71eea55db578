import { expect, test } from "vitest";
import { type EngineProject, engineProject } from "./project.ts";

const SHOP = {
  "migrations/0001_shop.sql":
    "-- Up Migration\ncreate schema shop;\ncreate table shop.items (id int primary key);\n" +
    "create function shop.touch() returns trigger language plpgsql as 'begin return new; end';\n" +
    "create trigger touch before update on shop.items for each row execute function shop.touch();\n" +
    "create type public.kind as enum ('a');\n" +
    'create table shop."Say ""hi""" (id int);\ncreate table shop.years (y int) partition by list (y);\n',
  "functions/shop/price.sql": "create function shop.price() returns int language sql as 'select 1';\n",
  "functions/shop/kind.sql": "create function shop.kind(a public.kind) returns int language sql as 'select 1';\n",
  "views/shop/list.sql": "create view shop.list as select i.id from shop.items as i;\n",
  "policies/shop/items.sql": "create policy all_of_it on shop.items for select to public using (true);\n",
};

async function shop(): Promise<EngineProject> {
  const project = await engineProject(SHOP);
  await project.migrate();
  return project;
}

test("what files and migrations made is no orphan, nor what belongs to an extension or stands in another schema", async () => {
  const project = await shop();
  await project.query(
    "create extension pg_trgm schema shop; create schema theirs; create table theirs.t (id int); create table public.t (id int);" +
      "create table shop.years_2026 partition of shop.years for values in (2026)",
  );
  expect(await project.status()).toMatchObject({ orphans: [], upToDate: true });
});

test("what somebody made by hand in a schema of the files is listed, and does not make the files pending", async () => {
  const project = await shop();
  await project.query(`
    create table shop."By Hand" (id int);
    create function shop.price(discount int) returns int language sql as 'select 1';
    create view shop.other as select 1 as one;
    create policy more on shop.items for delete to public using (true);
    create trigger again after insert on shop.items for each row execute function shop.touch();`);
  expect(await project.status()).toMatchObject({
    orphans: [
      "function shop.price(integer)",
      "policy more on shop.items",
      'table shop."By Hand"',
      "trigger again on shop.items",
      "view shop.other",
    ],
    upToDate: true,
  });
});

test("an object whose file was deleted is no orphan before the deployment, and gone after it", async () => {
  const project = await shop();
  project.write({ "views/shop/list.sql": null });
  expect(await project.status()).toMatchObject({ orphans: [], upToDate: false });
  await project.migrate();
  expect(await project.status()).toMatchObject({ orphans: [], upToDate: true });
});
