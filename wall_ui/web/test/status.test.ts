import { describe, expect, it } from 'vitest';

import { tileStatus, type StateOfCamera } from '../src/live/status';

const STALE = 5000;
const state = (name: string, reason_code = name): StateOfCamera => ({
  state: name,
  reason_code,
  reason: 'in words',
});
const report = (
  decoded = 10,
  issue: null | 'bad_data' | 'forbidden' | 'unsupported_codec' = null,
) => ({
  decoded,
  issue,
});

describe('tileStatus', () => {
  it('is live only with the state live and a young picture', () => {
    expect(tileStatus(state('live'), report(), 4999, STALE)).toMatchObject({
      badge: 'live',
      live: true,
      old: false,
    });
  });

  it('is old at the limit exactly', () => {
    expect(tileStatus(state('live'), report(), STALE, STALE)).toMatchObject({
      badge: 'stale',
      live: false,
      old: true,
      ageMs: STALE,
    });
  });

  it('is old when the age is no number', () => {
    expect(tileStatus(state('live'), report(), NaN, STALE)).toMatchObject({
      old: true,
      live: false,
    });
  });

  it.each(['connecting', 'stalled', 'frozen', 'offline', 'auth_failed', 'unsupported', 'error'])(
    'says %s, however young the picture is',
    (name) => {
      expect(tileStatus(state(name, 'timeout'), report(), 100, STALE)).toEqual({
        badge: name,
        live: false,
        old: false,
        ageMs: 100,
        reasonCode: 'timeout',
        reason: 'in words',
      });
    },
  );

  it('does not know a state of a newer server, and does not call it live', () => {
    expect(tileStatus(state('dreaming'), report(), 100, STALE)).toMatchObject({
      badge: 'unknown',
      live: false,
    });
  });

  it('is unknown, not live, while nobody has told the state', () => {
    expect(tileStatus(null, report(), 100, STALE)).toMatchObject({ badge: 'unknown', live: false });
  });

  it('waits for the first picture', () => {
    const expected = { badge: 'waiting', live: false, old: false, ageMs: null };
    expect(tileStatus(state('live'), null, 0, STALE)).toMatchObject(expected);
    expect(tileStatus(state('live'), report(0), 0, STALE)).toMatchObject(expected);
  });

  it('tells what this browser cannot do, and what it may not', () => {
    expect(tileStatus(state('live'), report(0, 'unsupported_codec'), 0, STALE)).toMatchObject({
      badge: 'unsupported',
      reasonCode: 'browser_codec',
    });
    expect(tileStatus(state('live'), report(0, 'forbidden'), 0, STALE)).toMatchObject({
      badge: 'refused',
      reasonCode: 'tile_forbidden',
    });
    expect(tileStatus(state('live'), report(3, 'bad_data'), 10, STALE)).toMatchObject({
      badge: 'error',
      live: false,
    });
  });

  it('puts the camera’s own trouble before damaged data', () => {
    expect(tileStatus(state('offline'), report(3, 'bad_data'), 10, STALE).badge).toBe('offline');
  });

  it('says that a camera is switched off', () => {
    expect(tileStatus(state('live'), report(), 10, STALE, false)).toMatchObject({
      badge: 'disabled',
      live: false,
    });
  });
});
