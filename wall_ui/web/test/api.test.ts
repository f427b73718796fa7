import { afterEach, expect, it, vi } from 'vitest';

import { Api } from '../src/api/client';
import { stepByKey, type Steps } from '../src/pages/camera/drawing/steps';

afterEach(() => vi.unstubAllGlobals());

it('reads every camera in use, page by page', async () => {
  const asked: URLSearchParams[] = [];
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(new URLSearchParams(path.split('?')[1]));
    const last = asked.length === 3;
    const page = { items: [{ id: `c${asked.length}` }], next_cursor: last ? null : `after` };
    return Promise.resolve(Response.json(page));
  });
  const ids = (await new Api().cameras()).map(({ id }) => id);
  expect(ids).toEqual(['c1', 'c2', 'c3']);
  expect(asked.map((query) => query.get('enabled'))).toEqual(['true', 'true', 'true']);
  expect(asked.map((query) => query.get('cursor'))).toEqual([null, 'after', 'after']);
});

it('takes steps back and keeps them by key, but leaves a field its own', () => {
  const done: string[] = [];
  const steps: Steps = {
    canUndo: true,
    canRedo: true,
    undo: () => done.push('undo'),
    redo: () => done.push('redo'),
  };
  class Field {
    type = 'text';
  }
  vi.stubGlobal('HTMLInputElement', Field);
  function press(key: string, more: Record<string, unknown> = {}): boolean {
    let taken = false;
    const event = { key, ctrlKey: true, preventDefault: () => (taken = true), ...more };
    stepByKey(event as unknown as KeyboardEvent, steps, () => done.push('save'));
    return taken;
  }
  expect(press('z')).toBe(true);
  expect(press('Z', { shiftKey: true })).toBe(true);
  expect(press('y')).toBe(true);
  expect(press('s', { target: new Field() })).toBe(true);
  expect(press('z', { target: new Field() })).toBe(false);
  expect(press('z', { altKey: true })).toBe(false);
  expect(press('x')).toBe(false);
  expect(done).toEqual(['undo', 'redo', 'redo', 'save']);
});
