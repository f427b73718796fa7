import { describe, expect, it } from 'vitest';

import { dayWords, gradeOf, points, sortedBy, sparkline } from './score';

describe('scores', () => {
  it('are graded, and unknown is no bad score', () => {
    expect([1, 0.9, 0.89, 0.7, 0.69, 0].map(gradeOf)).toEqual([
      'good',
      'good',
      'fair',
      'fair',
      'poor',
      'poor',
    ]);
    expect(gradeOf(null)).toBe('unknown');
  });

  it('read 100 only when full', () => {
    expect([1, 0.999, 0.29, 0, null].map(points)).toEqual(['100', '99', '29', '0', '–']);
  });

  it('sort both ways with the unknown ones last', () => {
    const rows = [0.5, null, 1, 0];
    const own = (row: number | null) => row;
    expect(sortedBy(rows, own, false)).toEqual([0, 0.5, 1, null]);
    expect(sortedBy(rows, own, true)).toEqual([1, 0.5, 0, null]);
  });

  it('draw a line without the days that have none', () => {
    expect(sparkline([0, null, 1])).toBe('0.000,1.000 1.000,0.000');
    expect(sparkline([0.5])).toBe('0.000,0.500');
  });

  it('name a day as it is, in any zone', () => {
    expect(dayWords('en', '2026-01-31')).toBe('31/01/2026');
  });
});
