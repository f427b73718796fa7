import type { Column } from './api';

/** Which column of the file, by its number, holds which field of a camera. */
export type Mapping = Readonly<Record<string, string>>;

/** Give a column another field, or none; whoever had that field before loses it. */
export function assigned(mapping: Mapping, index: number, field: string): Mapping {
  const kept = Object.entries(mapping).filter(
    ([key, value]) => key !== String(index) && (field === '' || value !== field),
  );
  return Object.fromEntries(field === '' ? kept : [...kept, [String(index), field]]);
}

/** Required fields that no column holds. */
export function missing(mapping: Mapping, columns: readonly Column[]): readonly Column[] {
  const held = new Set(Object.values(mapping));
  return columns.filter((column) => column.required && !held.has(column.field));
}
