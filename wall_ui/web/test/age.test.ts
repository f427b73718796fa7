import { describe, expect, it } from 'vitest';

import { pictureAgeMs } from '../src/live/age';
import { ServerClock } from '../src/live/clock';

const NOW = 1_700_000_000_000;

describe('pictureAgeMs', () => {
  it('counts from capture, in the time of the server', () => {
    const serverAheadUs = 90_000_000;
    const captureUs = NOW * 1000 + serverAheadUs - 1_500_000;
    expect(pictureAgeMs(captureUs, NOW - 10, NOW, serverAheadUs)).toBeCloseTo(1500, 3);
  });

  it('rises with the clock alone', () => {
    const at = (later: number) => pictureAgeMs(NOW * 1000, NOW, NOW + later, 0);
    expect([at(0), at(4_999), at(12_000)]).toEqual([0, 4_999, 12_000]);
  });

  it('is at least the time since the last decoded frame, even when capture lies in the future', () => {
    expect(pictureAgeMs((NOW + 3_600_000) * 1000, NOW, NOW + 7_000, 0)).toBe(7_000);
  });

  it('is never negative', () => {
    expect(pictureAgeMs((NOW + 500) * 1000, NOW, NOW, 0)).toBe(0);
  });
});

describe('ServerClock', () => {
  it('is 0 before anything came', () => {
    expect(new ServerClock().offsetUs).toBe(0);
  });

  it('takes the least delayed frame for the truth', () => {
    const clock = new ServerClock();
    const offset = 5_000_000;
    for (const delayMs of [80, 3, 400, 9000]) {
      clock.observe(NOW * 1000 + offset, NOW + delayMs);
    }
    expect(clock.offsetUs).toBe(offset - 3000);
  });

  it('forgets after ten minutes, so that it follows a drifting clock', () => {
    const clock = new ServerClock();
    clock.observe(NOW * 1000 + 2_000_000, NOW);
    for (let minute = 1; minute <= 11; minute += 1) {
      clock.observe((NOW + minute * 60_000) * 1000 + 1_000_000, NOW + minute * 60_000);
    }
    expect(clock.offsetUs).toBe(1_000_000);
  });

  it('follows at once when our own clock is set back', () => {
    const clock = new ServerClock();
    clock.observe(NOW * 1000, NOW);
    clock.observe((NOW + 10) * 1000, NOW - 3_600_000 + 10);
    expect(clock.offsetUs).toBe(3_600_000_000);
  });
});
