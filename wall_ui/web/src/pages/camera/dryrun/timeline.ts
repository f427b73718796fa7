import type { Hit } from './run.svelte';

/** Where an instant stands on a line from `from` to `to`, 0 to 1. */
export function shareOf(at: string, from: string, to: string): number {
  const [begin, end] = [Date.parse(from), Date.parse(to)];
  const share = (Date.parse(at) - begin) / Math.max(1, end - begin);
  return Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
}

/** The rules of some hits, in order of their first: each has a row of its own. */
export function rowsOf(hits: readonly Hit[]): readonly string[] {
  return [...new Set(hits.map(({ rule }) => rule))];
}

/** Seconds from the beginning, for people: `0:07,5` is written 0:07.5. */
export function offset(at: string, from: string): string {
  const tenths = Math.max(0, Math.round((Date.parse(at) - Date.parse(from)) / 100));
  const minutes = Math.floor(tenths / 600);
  return `${minutes}:${((tenths % 600) / 10).toFixed(1).padStart(4, '0')}`;
}
