import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Holding, REPEAT_MS, wayOf, type Direction } from '../src/pages/ptz/motion';

const log: string[] = [];
let answer: (carried: boolean) => void = () => undefined;

function holding(carried: () => Promise<boolean> | boolean = () => true): Holding {
  return new Holding(
    async ({ pan, tilt, zoom }: Direction) => {
      log.push(`move ${pan} ${tilt} ${zoom}`);
      return carried();
    },
    () => {
      log.push('stop');
      return Promise.resolve();
    },
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  log.length = 0;
});
afterEach(() => vi.useRealTimers());

test('a movement is asked for again for as long as it is held, and then stopped', async () => {
  const hand = holding();
  hand.begin('left');
  await vi.advanceTimersByTimeAsync(2 * REPEAT_MS + 10);
  hand.end();
  await vi.advanceTimersByTimeAsync(5 * REPEAT_MS);
  expect(log).toEqual(['move -1 0 0', 'move -1 0 0', 'move -1 0 0', 'stop']);
});

test('letting go while the order is under way stops after it, once', async () => {
  const hand = holding(() => new Promise((resolve) => (answer = resolve)));
  hand.begin('up');
  hand.end();
  expect(log).toEqual(['move 0 1 0']);
  answer(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(log).toEqual(['move 0 1 0', 'stop']);
});

test('another direction follows at once, and a refusal ends the holding', async () => {
  let carried = true;
  const hand = holding(() => carried);
  hand.begin('left');
  hand.begin('in');
  await vi.advanceTimersByTimeAsync(0);
  expect(log).toEqual(['move -1 0 0', 'move 0 0 1']);
  carried = false;
  await vi.advanceTimersByTimeAsync(3 * REPEAT_MS);
  expect(log).toEqual(['move -1 0 0', 'move 0 0 1', 'move 0 0 1']);
  expect(hand.way).toBeNull();
});

test('keys', () => {
  expect(wayOf('ArrowDown')).toBe('down');
  expect(wayOf('+')).toBe('in');
  expect(wayOf('a')).toBeNull();
});
