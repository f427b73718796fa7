import type { Change } from './api';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** The periods that one can look at, and how far their marks stand apart. */
export const PERIODS = {
  day: { length: DAY, tick: 4 * HOUR },
  week: { length: 7 * DAY, tick: DAY },
  month: { length: 30 * DAY, tick: 5 * DAY },
} as const;
export type Period = keyof typeof PERIODS;

/** A state of a camera, cut to what is looked at. Times are ms. */
export interface Span {
  readonly state: string;
  readonly change: Change;
  readonly from: number;
  readonly to: number;
}

/** The states that a period saw, in their order, from changes in any order. */
export function spansOf(changes: readonly Change[], from: number, to: number): Span[] {
  return changes
    .map((change) => ({
      state: change.state,
      change,
      from: Math.max(from, Date.parse(change.at)),
      to: Math.min(to, change.until === null ? to : Date.parse(change.until)),
    }))
    .filter((span) => span.to > span.from)
    .sort((a, b) => a.from - b.from);
}

/** Time in each state, the longest first, and its share of all that is known. */
export function sumsOf(spans: readonly Span[]): { state: string; ms: number; share: number }[] {
  const sums: Record<string, number> = {};
  for (const { state, from, to } of spans) sums[state] = (sums[state] ?? 0) + to - from;
  const all = Object.values(sums).reduce((sum, ms) => sum + ms, 0);
  return Object.entries(sums)
    .map(([state, ms]) => ({ state, ms, share: ms / all }))
    .sort((a, b) => b.ms - a.ms);
}

/** The span at an instant, or the nearest within `reach` ms: a short failure is hard to point at. */
export function spanAt(spans: readonly Span[], at: number, reach: number): Span | null {
  const distance = (span: Span) => Math.max(span.from - at, at - span.to, 0);
  const near = spans.filter((span) => distance(span) <= reach);
  const odd = near.filter(({ state }) => state !== 'live');
  return (odd.length > 0 ? odd : near).sort((a, b) => distance(a) - distance(b))[0] ?? null;
}

export type Look = 'live' | 'down' | 'unwatched' | 'disabled';

/** How a state is drawn: by height and pattern as well, never by colour alone. */
export function lookOf(state: string): Look {
  return state === 'live' || state === 'unwatched' || state === 'disabled' ? state : 'down';
}
