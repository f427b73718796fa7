import type { Count, Step } from '../api';

/** One series is one measure of one rule. */
export interface Series {
  readonly key: string;
  readonly rule: string;
  readonly measure: string;
  readonly how: string;
}

export interface Stack {
  readonly name: string;
  readonly value: number;
}

/** What stands over one instant: the parts of a bar, by class or by direction and class. */
export interface Bar {
  readonly atMs: number;
  readonly parts: readonly Stack[];
  readonly total: number;
}

export interface Chart {
  readonly bars: readonly Bar[];
  /** Names of the parts, in the order in which they are piled and coloured. */
  readonly names: readonly string[];
  readonly max: number;
  /** Sums are piled; a mean or a maximum of several classes cannot be. */
  readonly piled: boolean;
}

export const STEP_MS: Readonly<Record<Step, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** How far back each step looks, ms; within what the API allows. */
export const REACH_MS: Readonly<Record<Step, number>> = {
  minute: 2 * 3_600_000,
  hour: 2 * 86_400_000,
  day: 30 * 86_400_000,
};

export function seriesOf(counts: readonly Count[]): readonly Series[] {
  const found = new Map<string, Series>();
  for (const { rule, measure, how } of counts) {
    const key = `${rule}\u0000${measure}\u0000${how}`;
    if (!found.has(key)) found.set(key, { key, rule, measure, how });
  }
  return [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** Put the counts of one series over their instants. */
export function chartOf(
  counts: readonly Count[],
  series: Series,
  nameOf: (count: Count) => string,
): Chart {
  const mine = counts.filter(
    ({ rule, measure, how }) =>
      rule === series.rule && measure === series.measure && how === series.how,
  );
  const names = [...new Set(mine.map(nameOf))].sort();
  const bars = new Map<number, Map<string, number>>();
  for (const count of mine) {
    const at = Date.parse(count.at);
    const parts = bars.get(at) ?? new Map<string, number>();
    const name = nameOf(count);
    parts.set(name, (parts.get(name) ?? 0) + count.value);
    bars.set(at, parts);
  }
  const piled = series.how === 'sum';
  const made = [...bars]
    .sort(([a], [b]) => a - b)
    .map(([atMs, parts]): Bar => {
      const stacks = names
        .filter((name) => parts.has(name))
        .map((name) => ({ name, value: parts.get(name) ?? 0 }));
      const values = stacks.map(({ value }) => value);
      const total = piled ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
      return { atMs, parts: stacks, total };
    });
  return { bars: made, names, max: Math.max(0, ...made.map(({ total }) => total)), piled };
}

/** A round number at or above `max`, and the steps of the scale up to it. */
export function scaleOf(max: number): readonly number[] {
  if (max <= 0) return [0, 1];
  const raw = max / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) ?? raw;
  const top = Math.ceil(max / step - 1e-9);
  return Array.from({ length: top + 1 }, (_, n) => Number((n * step).toPrecision(6)));
}

/** A line of CSV. What a spreadsheet would take for a formula begins with an apostrophe. */
export function csvLine(cells: readonly (string | number)[]): string {
  return cells
    .map((cell) => {
      if (typeof cell === 'number') return String(cell);
      // behind ";" too: where the comma is the decimal sign, spreadsheets part lines there
      const inner = cell.replaceAll(/([;\t\r\n][ "]*)([=+\-@])/g, "$1'$2");
      const safe = /^[=+\-@\t\r]/.test(inner) ? `'${inner}` : inner;
      return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    })
    .join(',');
}

export function csvOf(counts: readonly Count[]): string {
  const head = ['at', 'seconds', 'rule', 'rule_version', 'zone', 'measure', 'how', 'direction'];
  const lines = counts.map((one) =>
    csvLine([
      one.at,
      one.seconds,
      one.rule,
      one.rule_version,
      one.zone,
      one.measure,
      one.how,
      one.direction,
      one.label,
      one.value,
    ]),
  );
  return `${[csvLine([...head, 'label', 'value']), ...lines].join('\r\n')}\r\n`;
}
