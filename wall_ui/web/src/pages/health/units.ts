import type { UnitHealth } from './api';

export type UnitKey = 'unit' | 'cameras' | 'uptime' | 'falls' | 'down';
export interface Sorting {
  readonly key: UnitKey;
  readonly down: boolean;
}

/** Seconds without a live picture, summed over the unit's cameras. */
export function downOf({ uptime }: UnitHealth): number {
  return uptime.known_s - uptime.live_s;
}

/** Units in an order; what is not known stands last either way, equal ones by name. */
export function sorted(
  items: readonly UnitHealth[],
  { key, down }: Sorting,
  nameOf: (unit: UnitHealth) => string,
): UnitHealth[] {
  const byName = (a: UnitHealth, b: UnitHealth) => nameOf(a).localeCompare(nameOf(b), 'vi');
  if (key === 'unit') return [...items].sort((a, b) => (down ? byName(b, a) : byName(a, b)));
  const value = (unit: UnitHealth): number | null =>
    key === 'uptime'
      ? unit.uptime.share
      : key === 'down'
        ? downOf(unit)
        : key === 'cameras'
          ? unit.uptime.cameras
          : unit.uptime.falls;
  return [...items].sort((a, b) => {
    const [left, right] = [value(a), value(b)];
    if (left === null || right === null) {
      return Number(left === null) - Number(right === null) || byName(a, b);
    }
    return (down ? right - left : left - right) || byName(a, b);
  });
}

/** The table as CSV (RFC 4180), of one period; numbers with a point. */
export function csvOf(items: readonly UnitHealth[], since: string, until: string): string {
  const head = 'since,until,unit_code,unit,cameras,live_share,live_s,known_s,falls';
  const lines = items.map(({ unit_code, unit_name_vi, uptime }) =>
    [
      since,
      until,
      unit_code,
      `"${unit_name_vi.replaceAll('"', '""')}"`,
      uptime.cameras,
      uptime.share ?? '',
      uptime.live_s,
      uptime.known_s,
      uptime.falls,
    ].join(','),
  );
  return [head, ...lines, ''].join('\r\n');
}
