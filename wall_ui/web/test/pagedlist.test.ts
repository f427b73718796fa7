import { describe, expect, it } from 'vitest';

import { ApiError } from '../src/api/client';
import { PagedList, type RowPage } from '../src/ui/pagedlist.svelte';

/** A server whose answers are given when the test says so. */
class Slow {
  readonly asked: { cursor: string; answer: (page: RowPage<string>) => void; fail: () => void }[] =
    [];

  ask = (cursor: string): Promise<RowPage<string>> =>
    new Promise((resolve, reject) => {
      this.asked.push({
        cursor,
        answer: resolve,
        fail: () => reject(new ApiError(500, 'internal', 'broken', '')),
      });
    });
}

const THREE: Readonly<Record<string, RowPage<string>>> = {
  '': { items: ['a'], next_cursor: 'two' },
  two: { items: ['b'], next_cursor: 'three' },
  three: { items: ['c'], next_cursor: null },
};

describe('a paged list', () => {
  it('begins where the reader last stood', async () => {
    const ask = (cursor: string) => Promise.resolve(THREE[cursor] ?? { items: [] });
    const first = new PagedList(ask);
    await first.load();
    await first.turn(1);
    const again = new PagedList(ask, undefined, first.cursors);
    await again.load();
    expect([again.rows, again.number, again.more]).toEqual([['b'], 2, true]);
    await again.turn(-1);
    expect([again.rows, again.number]).toEqual([['a'], 1]);
  });

  it('turns to the end and back, and not beyond', async () => {
    const asked: string[] = [];
    const list = new PagedList((cursor) => {
      asked.push(cursor);
      return Promise.resolve(THREE[cursor] ?? { items: [] });
    });
    expect([list.busy, list.number, list.more]).toEqual([true, 1, false]);
    await list.load();
    await list.turn(1);
    await list.turn(1);
    expect([list.rows, list.number, list.more, list.busy]).toEqual([['c'], 3, false, false]);
    await list.turn(1);
    expect([list.rows, list.number]).toEqual([['c'], 3]);
    await list.turn(-1);
    await list.turn(-1);
    await list.turn(-1);
    expect([list.rows, list.number]).toEqual([['a'], 1]);
    await list.turn(1);
    await list.restart();
    expect([list.rows, list.number]).toEqual([['a'], 1]);
    expect(asked).toEqual(['', 'two', 'three', 'three', 'two', '', '', 'two', '']);
  });

  it('shows the answer to the last question, not the one that came last', async () => {
    const server = new Slow();
    const list = new PagedList(server.ask);
    const first = list.load();
    const second = list.restart();
    server.asked[1]?.answer({ items: ['new'], next_cursor: null });
    await second;
    server.asked[0]?.answer({ items: ['old'], next_cursor: 'two' });
    await first;
    expect([list.rows, list.more, list.busy]).toEqual([['new'], false, false]);
  });

  it('keeps the page that it has where the next one cannot be had, and says so', async () => {
    const server = new Slow();
    const list = new PagedList(server.ask, () => 'no luck');
    const first = list.load();
    server.asked[0]?.answer({ items: ['a'], next_cursor: 'two' });
    await first;
    const next = list.turn(1);
    server.asked[1]?.fail();
    await next;
    expect([list.rows, list.number, list.more, list.failure]).toEqual([['a'], 1, true, 'no luck']);
    const again = list.turn(1);
    expect(server.asked[2]?.cursor).toBe('two');
    server.asked[2]?.answer({ items: ['b'] });
    await again;
    expect([list.rows, list.number, list.failure]).toEqual([['b'], 2, '']);
  });
});
