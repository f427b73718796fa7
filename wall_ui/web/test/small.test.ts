import { describe, expect, it } from 'vitest';

import { Backoff } from '../src/live/backoff';
import { mergeEvents } from '../src/live/eventlist';
import { columns, GRIDS, moved, pageCount, pageOf } from '../src/live/layout';
import { NumberRing } from '../src/live/ring';
import { whepFailure } from '../src/live/whep';
import { commandOf } from '../src/wall/keys';

describe('NumberRing', () => {
  it('keeps the newest, oldest first', () => {
    const ring = new NumberRing(3);
    expect(ring.toArray()).toEqual([]);
    [1, 2].forEach((n) => ring.push(n));
    expect(ring.toArray()).toEqual([1, 2]);
    [3, 4, 5].forEach((n) => ring.push(n));
    expect(ring.toArray()).toEqual([3, 4, 5]);
    expect(ring.length).toBe(3);
  });

  it('is empty after drain, and works on', () => {
    const ring = new NumberRing(2);
    [1, 2, 3].forEach((n) => ring.push(n));
    expect(ring.drain()).toEqual([2, 3]);
    expect(ring.drain()).toEqual([]);
    ring.push(9);
    expect(ring.toArray()).toEqual([9]);
  });

  it.each([0, -1, 1.5, NaN])('refuses a capacity of %s', (capacity) => {
    expect(() => new NumberRing(capacity)).toThrow(RangeError);
  });
});

describe('Backoff', () => {
  it('doubles up to its limit, within its jitter, and starts anew after a reset', () => {
    for (const random of [0, 0.5, 1]) {
      const backoff = new Backoff(100, 1000, () => random);
      const waits = Array.from({ length: 6 }, () => backoff.next());
      const steps = [100, 200, 400, 800, 1000, 1000];
      expect(waits).toEqual(steps.map((step) => Math.round(step * (0.5 + 0.5 * random))));
      backoff.reset();
      expect(backoff.next()).toBe(waits[0]);
    }
  });
});

describe('mergeEvents', () => {
  const event = (id: string, second: number, seq = second) => ({
    id,
    seq,
    at: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`,
  });

  it('puts the newest first, each once, the last word wins', () => {
    const merged = mergeEvents(
      [event('b', 2), event('a', 1)],
      [event('c', 3), { ...event('a', 1), seq: 9 }],
      10,
    );
    expect(merged.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
    expect(merged[2]?.seq).toBe(9);
  });

  it('is bounded', () => {
    const many = Array.from({ length: 50 }, (_, i) => event(`e${i}`, i));
    expect(mergeEvents([], many, 7).map(({ id }) => id)).toEqual(
      [49, 48, 47, 46, 45, 44, 43].map((i) => `e${i}`),
    );
  });

  it('sorts by time, whichever zone it is written in, and then by seq', () => {
    const late = { id: 'late', seq: 1, at: '2026-01-01T09:00:00+07:00' };
    const early = { id: 'early', seq: 2, at: '2026-01-01T01:59:59Z' };
    expect(mergeEvents([early], [late], 5).map(({ id }) => id)).toEqual(['late', 'early']);
    const twin = { ...late, id: 'twin', seq: 5 };
    expect(mergeEvents([late], [twin], 5).map(({ id }) => id)).toEqual(['twin', 'late']);
  });
});

describe('layout', () => {
  it('has at least one page, and puts each camera on one', () => {
    expect(pageCount(0, 4)).toBe(1);
    expect(pageCount(4, 4)).toBe(1);
    expect(pageCount(5, 4)).toBe(2);
    expect([0, 3, 4, 8].map((i) => pageOf(i, 4))).toEqual([0, 0, 1, 2]);
    expect(pageOf(-1, 9)).toBe(0);
  });

  it('moves to the neighbour and stops at the edge', () => {
    expect(moved(0, 'ArrowRight', 4)).toBe(1);
    expect(moved(1, 'ArrowRight', 4)).toBe(1);
    expect(moved(1, 'ArrowDown', 4)).toBe(3);
    expect(moved(3, 'ArrowLeft', 4)).toBe(2);
    expect(moved(2, 'ArrowUp', 4)).toBe(0);
    expect(moved(0, 'ArrowUp', 4)).toBe(0);
  });

  it('never leaves the grid', () => {
    for (const grid of GRIDS) {
      for (let tile = 0; tile < grid; tile += 1) {
        for (const arrow of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'] as const) {
          const to = moved(tile, arrow, grid);
          expect(to).toBeGreaterThanOrEqual(0);
          expect(to).toBeLessThan(grid);
          expect([0, 1, columns(grid)]).toContain(Math.abs(to - tile));
        }
      }
    }
  });
});

describe('commandOf', () => {
  const press = (key: string, more = {}) =>
    commandOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });

  it('reads the wall’s keys', () => {
    expect(press('4')).toEqual({ do: 'grid', index: 3 });
    expect(press('ArrowUp')).toEqual({ do: 'move', arrow: 'ArrowUp' });
    expect(press('PageDown')).toEqual({ do: 'page', by: 1 });
    expect(press('e')).toEqual(press('E'));
  });

  it('leaves the browser’s keys alone', () => {
    for (const key of ['5', 'Tab', 'toString', 'F5']) expect(press(key)).toBeNull();
    expect(press('e', { ctrlKey: true })).toBeNull();
    expect(press('1', { altKey: true })).toBeNull();
    expect(press('ArrowLeft', { metaKey: true })).toBeNull();
  });
});

it('whepFailure has words for each refusal', () => {
  expect([401, 403, 404, 503, 415, 422, 500].map(whepFailure)).toEqual([
    'signed_out',
    'forbidden',
    'not_found',
    'no_picture',
    'rejected',
    'rejected',
    'rejected',
  ]);
});
