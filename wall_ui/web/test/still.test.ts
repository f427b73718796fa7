import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Still } from '../src/pages/camera/drawing/still.svelte';

const answers: (() => Response)[] = [];
const asked = vi.fn();
const revoked = vi.fn();

function refuses(status: number, code: string): () => Response {
  return () => Response.json({ code, detail: code }, { status });
}

function picture(): Response {
  return new Response('jpeg', { headers: { 'X-Camhub-Size': '640x480' } });
}

beforeEach(() => {
  vi.useFakeTimers();
  answers.length = 0;
  asked.mockReset();
  revoked.mockReset();
  vi.stubGlobal('fetch', (path: string) => {
    asked(path);
    const next = answers.shift();
    return next === undefined ? Promise.reject(new TypeError('down')) : Promise.resolve(next());
  });
  let made = 0;
  vi.spyOn(URL, 'createObjectURL').mockImplementation(() => `blob:${(made += 1)}`);
  vi.spyOn(URL, 'revokeObjectURL').mockImplementation(revoked);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('a camera that is becoming live is asked again until its picture comes', async () => {
  answers.push(refuses(503, 'no_worker'), refuses(503, 'no_picture'), picture);
  const still = new Still('c1');
  await still.load();
  expect([still.code, still.again, still.url]).toEqual(['no_worker', true, '']);
  await vi.advanceTimersToNextTimerAsync();
  expect([still.code, still.again, still.busy]).toEqual(['no_picture', true, false]);
  await vi.advanceTimersToNextTimerAsync();
  expect([still.code, still.again, still.url]).toEqual(['', false, 'blob:1']);
  expect(still.aspect).toBeCloseTo(4 / 3);
  expect(vi.getTimerCount()).toBe(0);
  expect(asked).toHaveBeenCalledTimes(3);
  still.close();
});

test('a server that is away, or a proxy without words, is asked again', async () => {
  answers.push(() => new Response('<html>', { status: 502 }));
  const still = new Still('c1');
  await still.load();
  expect([still.code, still.again]).toEqual(['network', true]);
  await vi.advanceTimersToNextTimerAsync();
  expect([still.code, still.again, vi.getTimerCount()]).toEqual(['network', true, 1]);
  still.close();
});

test('what waiting does not mend is told once', async () => {
  answers.push(refuses(404, 'not_found'));
  const still = new Still('c1');
  await still.load();
  expect([still.code, still.again, vi.getTimerCount()]).toEqual(['not_found', false, 0]);
});

test('a page that is left asks no more, and lets a late picture go', async () => {
  answers.push(refuses(503, 'no_picture'), picture, picture);
  const left = new Still('c1');
  await left.load();
  left.close();
  expect(vi.getTimerCount()).toBe(0);
  const late = new Still('c2');
  const loading = late.load();
  late.close();
  await loading;
  expect(late.url).toBe('');
  expect(URL.createObjectURL).not.toHaveBeenCalled();
});

test('an older picture stays where no new one comes, and goes with the new one', async () => {
  answers.push(picture, refuses(503, 'no_worker'), picture);
  const still = new Still('c1');
  await still.load();
  await still.load();
  expect([still.url, still.code, still.again]).toEqual(['blob:1', 'no_worker', true]);
  await vi.advanceTimersToNextTimerAsync();
  expect([still.url, still.code]).toEqual(['blob:2', '']);
  expect(revoked).toHaveBeenCalledWith('blob:1');
  still.close();
});
