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
  /** One a migration; the number says which columns it has. */
  readonly tables: number[];
  /** By number; undefined where there is no such file. */
  readonly functions: (number | undefined)[];
  readonly views: (number | undefined)[];
  readonly policies: (number | undefined)[];
  /** Files of this kind lie in a folder of their own. */
  readonly isMoved: boolean[];
}

const SLOTS = 3;

export function makeModel(random: (below: number) => number): Model {
  const slots = (): (number | undefined)[] =>
    Array.from({ length: SLOTS }, () => (random(4) === 0 ? undefined : random(6)));
  return { tables: [random(3)], functions: slots(), views: slots(), policies: slots(), isMoved: [false, false, false] };
}

/** Changes one thing: adds a migration, or adds, changes, deletes or moves a function, view or policy. */
export function changeModel(model: Model, random: (below: number) => number): void {
  const kind = random(8);
  const slot = random(SLOTS);
  const variant = random(5) === 0 ? undefined : random(6);
  if (kind === 0 && model.tables.length < SLOTS) model.tables.push(random(3));
  else if (kind <= 2) model.functions[slot] = variant;
  else if (kind <= 4) model.views[slot] = variant;
  else if (kind <= 6) model.policies[slot] = variant;
  else model.isMoved[slot] = model.isMoved[slot] !== true;
}

export function filesOf(model: Model): Record<string, string> {
  const files: Record<string, string> = {
    "migrations/0001_schema.sql": "-- Up Migration\ncreate schema api;\n-- Down Migration\ndrop schema api;\n",
  };
  for (const [index, columns] of model.tables.entries()) {
    files[`migrations/${String(index + 2).padStart(4, "0")}_t${index}.sql`] =
      `-- Up Migration\ncreate table api.t${index} (id bigint primary key${", extra text".repeat(columns > 0 ? 1 : 0)});\n` +
      (columns > 1 ? `create index on api.t${index} (extra);\ncomment on table api.t${index} is 'table';\n` : "") +
      `-- Down Migration\ndrop table api.t${index};\n`;
  }
  const place = (kind: number, folder: string): string =>
    model.isMoved[kind] === true ? `${folder}/api/moved` : `${folder}/api`;
  for (const [index, variant] of model.functions.entries()) {
    if (variant !== undefined) files[`${place(0, "functions")}/f${index}.sql`] = functionSql(model, index, variant);
  }
  for (const [index, variant] of model.views.entries()) {
    if (variant !== undefined) files[`${place(1, "views")}/v${index}.sql`] = viewSql(model, index, variant);
  }
  for (const [index, variant] of model.policies.entries()) {
    if (variant !== undefined && index < model.tables.length) {
      files[`${place(2, "policies")}/t${index}.sql`] = policySql(model, index, variant);
    }
  }
  return files;
}

/** Variants 0 to 3 differ in what `create or replace` can change, 4 and 5 in their arguments and result. */
function functionSql(model: Model, index: number, variant: number): string {
  const signature = variant === 4 ? "(a integer default 1)" : "()";
  const types = variant === 4 ? "(integer)" : "()";
  const result = variant === 5 ? "bigint" : "integer";
  const below = index > 0 && model.functions[index - 1] !== undefined ? `api.f${index - 1}()` : "1";
  const body = `select (${below} + ${variant})::${result}`;
  const lines = [
    `create function api.f${index}${signature} returns ${result} language sql ${variant === 1 ? "immutable security definer set search_path = ''" : "stable"}`,
    variant === 2 ? `begin atomic ${body}; end;` : `as '${body}';`,
  ];
  if (variant % 2 === 0) lines.push(`comment on function api.f${index}${types} is 'variant ${variant}';`);
  if (variant > 2) lines.push(`revoke execute on function api.f${index}${types} from public;`);
  if (variant > 1) lines.push(`grant execute on function api.f${index}${types} to pg_monitor;`);
  return `${lines.join("\n")}\n`;
}

function viewSql(model: Model, index: number, variant: number): string {
  const from = index > 0 && model.views[index - 1] !== undefined ? `api.v${index - 1}` : "api.t0";
  const call = model.functions[index] === undefined ? "0" : `api.f${index}()`;
  const options = variant % 2 === 0 ? " with (security_invoker = true)" : "";
  const extra = variant > 2 ? `, ${variant} as more` : "";
  const lines = [`create view api.v${index}${options} as select s.id, ${call} as called${extra} from ${from} as s;`];
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
  const lines = [`alter table ${table} enable row level security;`];
  if (variant > 4) lines.push(`alter table ${table} force row level security;`);
  if (variant > 0) lines.push(`grant select, insert (id) on ${table} to pg_monitor;`);
  if (variant > 1)
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
