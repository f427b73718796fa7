/** What the list can show of a camera, in the order it does at first; the name always stands. */
export const COLUMNS = [
  'name',
  'code',
  'unit',
  'class',
  'state',
  'picture',
  'tags',
  'address',
  'owner',
  'purpose',
  'make',
  'model',
  'serial',
  'gate',
  'priority',
  'detector',
  'retention_class',
  'url',
  'updated_at',
] as const;

export type ColumnName = (typeof COLUMNS)[number];

export const FIRST: readonly ColumnName[] = ['name', 'unit', 'state', 'picture', 'priority'];

/** What was kept on this screen; names that are no longer known fall out. */
export function readColumns(kept: string | null): readonly ColumnName[] {
  const names = (kept ?? '').split(',').filter(isColumn);
  const chosen = [...new Set(names)];
  return chosen.includes('name') ? chosen : FIRST;
}

export function writeColumns(columns: readonly ColumnName[]): string {
  return columns.join(',');
}

/** Put a column in at the end, or take it out. */
export function toggled(columns: readonly ColumnName[], name: ColumnName): readonly ColumnName[] {
  if (name === 'name') return columns;
  return columns.includes(name) ? columns.filter((one) => one !== name) : [...columns, name];
}

/** Move a column by one place; at an end it stays. */
export function moved(
  columns: readonly ColumnName[],
  name: ColumnName,
  by: -1 | 1,
): readonly ColumnName[] {
  const from = columns.indexOf(name);
  const to = from + by;
  if (from < 0 || to < 0 || to >= columns.length) return columns;
  const rest = columns.filter((one) => one !== name);
  return [...rest.slice(0, to), name, ...rest.slice(to)];
}

function isColumn(name: string): name is ColumnName {
  return COLUMNS.some((one) => one === name);
}
