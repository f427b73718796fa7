import { afterEach, describe, expect, it, vi } from 'vitest';

import { Api, ApiError } from '../src/api/client';
import type { Camera } from '../src/api/types';
import { ZoneEditor } from '../src/pages/privacy/editor.svelte';
import { added, faultsOf, zonesOf, type Zone } from '../src/pages/privacy/zones';

const WINDOW: Zone = {
  name: 'Cửa sổ',
  points: [
    [0.1, 0.1],
    [0.3, 0.1],
    [0.3, 0.3],
  ],
};
const DOOR: Zone = { ...WINDOW, name: 'Cửa' };

function cameraWith(zones: readonly Zone[], version: number): Camera {
  return { id: '7', version, privacy_zones: zones } as unknown as Camera;
}

afterEach(() => vi.restoreAllMocks());

describe('privacy zones', () => {
  it('get a name of their own and a place to begin with', () => {
    const two = added(added([], 'Vùng'), 'Vùng');
    expect(two.map(({ name }) => name)).toEqual(['Vùng 1', 'Vùng 2']);
    expect(added(two.slice(1), 'Vùng').map(({ name }) => name)).toEqual(['Vùng 2', 'Vùng 3']);
    expect(faultsOf(two).size).toBe(0);
  });

  it('name what the hub would refuse', () => {
    const crossed: Zone = {
      name: 'x',
      points: [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
      ],
    };
    const long = { ...WINDOW, name: 'x'.repeat(61) };
    expect([...faultsOf([WINDOW, crossed, long])]).toEqual([
      [1, 'crossed'],
      [2, 'name'],
    ]);
  });

  it('go back and forth, and are clean again where they began', () => {
    const editor = new ZoneEditor(new Api(), cameraWith([WINDOW], 1));
    expect(editor.dirty).toBe(false);
    editor.rename('Ban công');
    editor.add('Vùng');
    expect([editor.zones.length, editor.selected, editor.dirty]).toEqual([2, 1, true]);
    editor.setPoints(
      [
        [0, 0],
        [0.5, 0],
        [0.5, 0.5],
      ],
      false,
    );
    expect(editor.canRedo).toBe(false);
    editor.undo();
    editor.undo();
    expect([editor.dirty, editor.canUndo, editor.canRedo]).toEqual([false, false, true]);
    editor.redo();
    expect(editor.zone?.name).toBe('Ban công');
    editor.drop(0);
    expect(editor.zones).toEqual([]);
    editor.discard();
    expect(editor.zones).toEqual([WINDOW]);
  });

  it('are saved over a change of other fields, in one go', async () => {
    const api = new Api();
    const sent: unknown[] = [];
    vi.spyOn(api, 'send').mockImplementation((_, __, body) => {
      sent.push(body);
      const { version, privacy_zones: zones } = body as { version: number; privacy_zones: Zone[] };
      if (version === 1) return Promise.reject(new ApiError(412, 'stale', 'x', ''));
      return Promise.resolve(cameraWith(zones, 3) as never);
    });
    vi.spyOn(api, 'get').mockResolvedValue(cameraWith([WINDOW], 2) as never);
    const editor = new ZoneEditor(api, cameraWith([WINDOW], 1));
    editor.rename('Cửa');
    expect(await editor.save()).toBe(true);
    expect(sent).toEqual([1, 2].map((version) => ({ privacy_zones: [DOOR], version })));
    expect(editor.dirty).toBe(false);
  });

  it('lose nothing where somebody else has saved other zones', async () => {
    const api = new Api();
    vi.spyOn(api, 'send').mockImplementation((_, __, body) =>
      (body as { version: number }).version === 1
        ? Promise.reject(new ApiError(412, 'stale', 'x', ''))
        : Promise.resolve(cameraWith([DOOR], 3) as never),
    );
    vi.spyOn(api, 'get').mockResolvedValue(cameraWith([], 2) as never);
    const editor = new ZoneEditor(api, cameraWith([WINDOW], 1));
    editor.rename('Cửa');
    expect(await editor.save()).toBe(false);
    expect([editor.theirs, editor.zones]).toEqual([[], [DOOR]]);
    editor.takeTheirs();
    expect(editor.zones).toEqual([]);
    editor.undo();
    expect(editor.zones).toEqual([DOOR]);
    editor.keepMine();
    expect(await editor.save()).toBe(true);
    expect(zonesOf(cameraWith([DOOR], 3))).toEqual(editor.zones);
  });

  it('show what was saved elsewhere only while nothing is edited here', () => {
    const editor = new ZoneEditor(new Api(), cameraWith([WINDOW], 1));
    editor.seen(cameraWith([], 2));
    expect(editor.zones).toEqual([]);
    editor.add('Vùng');
    editor.seen(cameraWith([WINDOW], 3));
    expect(editor.zones.length).toBe(1);
  });
});
