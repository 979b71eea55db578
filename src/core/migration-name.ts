/** Whether somebody who types a migration's path, file, name, or the beginning of it before a `_`, means this one. */
export function isMigrationNamed(name: string, typed: string): boolean {
  const wanted = typed.replace(/^.*\//, "").replace(/\.(sql|[cm]?[tj]s)$/, "");
  return name === wanted || name.startsWith(`${wanted}_`);
}
