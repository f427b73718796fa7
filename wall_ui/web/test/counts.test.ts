import { describe, expect, it } from 'vitest';

import type { Count } from '../src/pages/camera/api';
import { chartOf, csvLine, csvOf, scaleOf, seriesOf } from '../src/pages/camera/counts/series';
import { mark } from '../src/pages/camera/counts/time';
import { missRate } from '../src/pages/camera/gate';
import type { Hit } from '../src/pages/camera/dryrun/run.svelte';
import { offset, rowsOf, shareOf } from '../src/pages/camera/dryrun/timeline';

const one = (at: string, label: string, value: number, how = 'sum'): Count => ({
  at,
  seconds: 60,
  rule: 'gate',
  rule_version: 1,
  zone: 'z',
  kind: 'line_cross',
  measure: 'crossings',
  how,
  direction: 'left',
  label,
  value,
});
const COUNTS = [
  one('2026-03-02T01:01:00Z', 'vehicle', 2),
  one('2026-03-02T01:00:00Z', 'person', 3),
  one('2026-03-02T01:00:00Z', 'vehicle', 1),
  one('2026-03-02T01:00:00Z', 'person', 7, 'max'),
];
const nameOf = ({ label }: Count) => label;

describe('counts', () => {
  it('fall into series, and a sum is piled', () => {
    const series = seriesOf(COUNTS);
    expect(series.map(({ how }) => how)).toEqual(['max', 'sum']);
    const [peak, sums] = series;
    if (peak === undefined || sums === undefined) throw new Error('two series');
    const chart = chartOf(COUNTS, sums, nameOf);
    expect(chart.names).toEqual(['person', 'vehicle']);
    expect(chart.bars.map(({ total }) => total)).toEqual([4, 2]);
    expect([chart.max, chart.piled]).toEqual([4, true]);
    expect(chartOf(COUNTS, peak, nameOf).piled).toBe(false);
  });

  it('stand on a scale of round numbers', () => {
    expect(scaleOf(0)).toEqual([0, 1]);
    expect(scaleOf(7)).toEqual([0, 2, 4, 6, 8]);
    expect(scaleOf(0.4)).toEqual([0, 0.1, 0.2, 0.3, 0.4]);
    for (const max of [1, 3, 9, 10, 11, 99, 1234])
      expect(scaleOf(max).at(-1)).toBeGreaterThanOrEqual(max);
  });

  it('are written so that no spreadsheet takes a name for a formula', () => {
    expect(csvLine(['=1+1', '@x', 'a"b,c', -3])).toBe('\'=1+1,\'@x,"a""b,c",-3');
    expect(csvLine(['a; =1+1', 'b;c', 'd; -2'])).toBe("a; '=1+1,b;c,d; '-2");
    const lines = csvOf(COUNTS).split('\r\n');
    expect(lines).toHaveLength(COUNTS.length + 2);
    expect(lines[1]).toBe('2026-03-02T01:01:00Z,60,gate,1,z,crossings,sum,left,vehicle,2');
  });

  it('are marked on the clock of the city', () => {
    const ms = Date.parse('2026-03-02T18:05:00Z');
    expect(mark(ms, 'minute', 'Asia/Ho_Chi_Minh')).toBe('01:05');
    expect(mark(ms, 'day', 'Asia/Ho_Chi_Minh')).toBe('03/03');
  });
});

describe('a timeline', () => {
  const hits = ['b', 'a', 'b'].map((rule) => ({ rule }) as Hit);

  it('has a row for each rule and a place for each instant', () => {
    expect(rowsOf(hits)).toEqual(['b', 'a']);
    const [from, to] = ['2026-03-02T01:00:00Z', '2026-03-02T01:01:40Z'];
    expect(shareOf('2026-03-02T01:00:25Z', from, to)).toBe(0.25);
    expect([shareOf('2027-01-01T00:00:00Z', from, to), shareOf('x', from, to)]).toEqual([1, 0]);
    expect(offset('2026-03-02T01:01:07.460Z', from)).toBe('1:07.5');
  });
});

describe('the gate', () => {
  it('has a miss rate only after an audit', () => {
    expect(missRate({ gate_audits: 0, gate_misses: 0 })).toBeNull();
    expect(missRate({ gate_audits: 8, gate_misses: 2 })).toBe(0.25);
  });
});
