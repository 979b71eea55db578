/** Numbers that look random and are the same for the same seed (mulberry32, by Tommy Ettinger, public domain). */
export function makeRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** What a project holds, from which its files follow; whatever it says, the files fit together. */
export interface Model {
  /** One file each, in this order. */
  readonly migrations: Migration[];
  /** By number; undefined where there is no such file. */
  readonly functions: (number | undefined)[];
  readonly triggers: (number | undefined)[];
  readonly views: (number | undefined)[];
  readonly policies: (number | undefined)[];
  /** Files of this kind lie in a folder of their own. */
  readonly isMoved: boolean[];
}

/** Makes the next table, with so many columns besides its id, or changes something that files may be about too. */
type Migration =
  | { readonly kind: "table"; readonly columns: number }
  | { readonly kind: "change"; readonly change: Change; readonly table: number };

const CHANGES = ["column", "protect", "grant", "comment", "anew", "revoke all", "all functions", "defaults"] as const;
type Change = (typeof CHANGES)[number];

const SLOTS = 3;
const MOST_MIGRATIONS = 8;
const VARIANTS = { functions: 9, triggers: 5, views: 9, policies: 9 } as const;

export function makeModel(random: (below: number) => number): Model {
  const slots = (variants: number): (number | undefined)[] =>
    Array.from({ length: SLOTS }, () => (random(4) === 0 ? undefined : random(variants)));
  return {
    migrations: [{ kind: "table", columns: random(3) }],
    functions: slots(VARIANTS.functions),
    triggers: slots(VARIANTS.triggers),
    views: slots(VARIANTS.views),
    policies: slots(VARIANTS.policies),
    isMoved: [false, false, false],
  };
}

/** Changes one thing: adds a migration, or adds, changes, deletes or moves a function, trigger, view or policy. */
export function changeModel(model: Model, random: (below: number) => number): void {
  const kind = random(12);
  const slot = random(SLOTS);
  const variant = (variants: number): number | undefined => (random(5) === 0 ? undefined : random(variants));
  if (kind <= 2) addMigration(model, random);
  else if (kind <= 4) model.functions[slot] = variant(VARIANTS.functions);
  else if (kind === 5) model.triggers[slot] = variant(VARIANTS.triggers);
  else if (kind <= 7) model.views[slot] = variant(VARIANTS.views);
  else if (kind <= 10) model.policies[slot] = variant(VARIANTS.policies);
  else model.isMoved[slot] = model.isMoved[slot] !== true;
}

function addMigration(model: Model, random: (below: number) => number): void {
  const tables = columnsOf(model).length;
  const change = CHANGES[random(CHANGES.length)] ?? "column";
  const table = random(tables);
  const isNew = !model.migrations.some(
    (other) => other.kind === "change" && other.change === change && other.table === table,
  );
  if (model.migrations.length === MOST_MIGRATIONS) return;
  if (tables < SLOTS && random(3) === 0) model.migrations.push({ kind: "table", columns: random(3) });
  // Views read the first table, so it cannot be made anew under them.
  else if (isNew && (change !== "anew" || table > 0)) model.migrations.push({ kind: "change", change, table });
}

/** Of each table, how many columns it began with. */
function columnsOf({ migrations }: { readonly migrations: readonly Migration[] }): number[] {
  return migrations.flatMap((migration) => (migration.kind === "table" ? [migration.columns] : []));
}

export function filesOf(model: Model): Record<string, string> {
  const tables = columnsOf(model).length;
  const files: Record<string, string> = {
    "migrations/0001_schema.sql": "-- Up Migration\ncreate schema api;\n-- Down Migration\ndrop schema api;\n",
  };
  for (const index of model.migrations.keys()) {
    const { up, down } = migrationSql(model.migrations.slice(0, index + 1));
    files[`migrations/${String(index + 2).padStart(4, "0")}_m${index}.sql`] =
      `-- Up Migration\n${up}\n-- Down Migration\n${down}\n`;
  }
  const place = (kind: number, folder: string): string =>
    model.isMoved[kind] === true ? `${folder}/api/moved` : `${folder}/api`;
  for (const [index, variant] of model.functions.entries()) {
    if (variant !== undefined) files[`${place(0, "functions")}/f${index}.sql`] = functionSql(model, index, variant);
  }
  for (const [index, variant] of model.triggers.entries()) {
    if (variant !== undefined && index < tables)
      files[`${place(0, "functions")}/g${index}.sql`] = triggerSql(index, variant);
  }
  for (const [index, variant] of model.views.entries()) {
    if (variant !== undefined) files[`${place(1, "views")}/v${index}.sql`] = viewSql(model, index, variant);
  }
  for (const [index, variant] of model.policies.entries()) {
    if (variant !== undefined && index < tables) {
      files[`${place(2, "policies")}/t${index}.sql`] = policySql(model, index, variant);
    }
  }
  return files;
}

/** Both ways of the last of these migrations. */
function migrationSql(migrations: readonly Migration[]): { readonly up: string; readonly down: string } {
  const last = migrations.at(-1);
  const before = migrations.slice(0, -1);
  if (last === undefined) throw new Error("there is no migration");
  if (last.kind === "table") {
    const index = columnsOf({ migrations: before }).length;
    return { up: tableSql(index, last.columns), down: `drop table api.t${index};` };
  }
  const table = `api.t${last.table}`;
  const columns = columnsOf({ migrations })[last.table] ?? 0;
  switch (last.change) {
    case "column":
      return { up: `alter table ${table} add column c integer;`, down: `alter table ${table} drop column c;` };
    case "protect":
      return {
        up: `alter table ${table} enable row level security;`,
        down: `alter table ${table} disable row level security;`,
      };
    case "grant":
      return {
        up: `grant select, delete on ${table} to pg_read_all_stats;`,
        down: `revoke select, delete on ${table} from pg_read_all_stats;`,
      };
    case "comment":
      return {
        up: `comment on table ${table} is 'changed';`,
        down: `comment on table ${table} is ${columns > 1 ? "'table'" : "null"};`,
      };
    case "anew": {
      const again = before.flatMap((other, index) =>
        other.kind === "change" && other.table === last.table && PER_TABLE.has(other.change)
          ? [migrationSql(migrations.slice(0, index + 1)).up]
          : [],
      );
      const anew = [`drop table ${table};`, tableSql(last.table, columns), ...again].join("\n");
      return { up: anew, down: anew };
    }
    // No migration grants anything to this role, so there is nothing to give back.
    case "revoke all":
      return { up: "revoke all on all tables in schema api from pg_monitor;", down: "select 1;" };
    case "all functions":
      return { up: "grant execute on all functions in schema api to pg_read_all_stats;", down: "select 1;" };
    case "defaults":
      return {
        up: `alter default privileges in schema api grant execute on functions to ${DEFAULTS_FOR[last.table]};`,
        down: `alter default privileges in schema api revoke execute on functions from ${DEFAULTS_FOR[last.table]};`,
      };
  }
}

const PER_TABLE: ReadonlySet<Change> = new Set(["column", "protect", "grant", "comment"]);
const DEFAULTS_FOR = ["pg_monitor", "pg_read_all_settings", "pg_stat_scan_tables"];

function tableSql(index: number, columns: number): string {
  const table = `create table api.t${index} (id bigint primary key${columns > 0 ? ", extra text" : ""});`;
  if (columns < 2) return table;
  return `${table}\ncreate index on api.t${index} (extra);\ncomment on table api.t${index} is 'table';`;
}

/** Variants 0 to 3 differ in what `create or replace` can change, the others in arguments, result and language. */
function functionSql(model: Model, index: number, variant: number): string {
  const [signature, types] = SIGNATURES[variant] ?? ["()", "()"];
  const result = variant === 5 ? "bigint" : "integer";
  const below = index > 0 && model.functions[index - 1] !== undefined ? `api.f${index - 1}()` : "1";
  const body = `select (${below} + ${variant})::${result}`;
  const language =
    variant === 8
      ? `language plpgsql as 'begin return (${body}); end';`
      : `language sql ${variant === 1 ? "immutable security definer set search_path = ''" : "stable"}\n` +
        (variant === 2 ? `begin atomic ${body}; end;` : `as '${body}';`);
  const lines = [`create function api.f${index}${signature} returns ${result} ${language}`];
  if (variant % 2 === 0) lines.push(`comment on function api.f${index}${types} is 'variant ${variant}';`);
  if (variant > 2) lines.push(`revoke execute on function api.f${index}${types} from public;`);
  if (variant > 1) lines.push(`grant execute on routine api.f${index}${types} to pg_monitor;`);
  if (variant > 6)
    lines.push(
      `create procedure api.f${index}(text, integer) language plpgsql as 'begin null; end';`,
      `comment on routine api.f${index}(text, integer) is 'overload';`,
    );
  return `${lines.join("\n")}\n`;
}

const SIGNATURES: Readonly<Record<number, readonly [string, string]>> = {
  4: ["(a integer default 1)", "(integer)"],
  6: ["(variadic a integer[] default '{}')", "(integer[])"],
  7: ["(b integer default 1)", "(integer)"],
};

function triggerSql(index: number, variant: number): string {
  const trigger = [
    `create trigger g after insert on api.t${index} for each row`,
    `create trigger g before update of id on api.t${index} for each row when (old.id <> new.id)`,
    `create constraint trigger g after insert on api.t${index} deferrable initially deferred for each row`,
    `create trigger g after update on api.t${index} referencing old table as gone for each statement`,
    `create or replace trigger "a g" after delete on api.t${index}`,
  ][variant];
  const lines = [
    `create function api.g${index}() returns trigger language plpgsql as 'begin return ${variant === 1 ? "new" : "null"}; end';`,
    `${trigger} execute function api.g${index}();`,
  ];
  if (variant === 1) lines.push(`comment on trigger g on api.t${index} is 'variant';`);
  return `${lines.join("\n")}\n`;
}

function viewSql(model: Model, index: number, variant: number): string {
  const from = index > 0 && model.views[index - 1] !== undefined ? `api.v${index - 1}` : "api.t0";
  if (variant === 6) return `create view api.v${index} as select * from ${from};\n`;
  if (variant === 7)
    return `create view api.v${index} as select s.id from ${from} as s where s.id > 0 with check option;\n`;
  const call = model.functions[index] === undefined ? "0" : `api.f${index}()`;
  const options = variant % 2 === 0 ? " with (security_invoker = true)" : "";
  const extra = variant > 2 ? `, ${variant} as more` : "";
  const columns = variant === 8 ? `${call} as called, s.id${extra}` : `s.id, ${call} as called${extra}`;
  const lines = [`create view api.v${index}${options} as select ${columns} from ${from} as s;`];
  if (variant > 0)
    lines.push(
      `comment on view api.v${index} is 'variant ${variant}';`,
      `grant select on api.v${index} to pg_monitor;`,
    );
  if (variant > 3) lines.push(`comment on column api.v${index}.id is 'id';`);
  return `${lines.join("\n")}\n`;
}

function policySql(model: Model, index: number, variant: number): string {
  const table = `api.t${index}`;
  const call = model.functions[index] === undefined ? "1" : `(select api.f${index}())`;
  if (variant === 6) return `grant select (id), insert on ${table} to pg_monitor with grant option;\n`;
  const lines = [`alter table ${table} enable row level security;`];
  if (variant === 7)
    lines.push(
      `revoke delete on ${table} from pg_read_all_stats;`,
      `grant select on ${table} to public;`,
      `comment on column ${table}.id is 'id';`,
      `comment on constraint t${index}_pkey on ${table} is 'key';`,
      `comment on index api.t${index}_pkey is 'index';`,
    );
  if (variant === 8)
    lines.push(`create policy r on ${table} as restrictive to pg_monitor, pg_read_all_stats using (id > 0);`);
  if (variant > 4) lines.push(`alter table ${table} force row level security;`);
  if (variant > 0) lines.push(`grant select, insert (id) on ${table} to pg_monitor;`);
  if (variant > 1 && variant < 7)
    lines.push(`grant all on ${table} to pg_read_all_stats;`, `comment on table ${table} is 'protected ${variant}';`);
  lines.push(`create policy p_select on ${table} for select to pg_monitor using (id > ${call} + ${variant});`);
  if (variant > 2) {
    lines.push(
      `create policy "p insert" on ${table} for insert to pg_monitor with check (id > ${call});`,
      `comment on policy "p insert" on ${table} is 'no one';`,
    );
  }
  return `${lines.join("\n")}\n`;
}
