import { describe, expect, it } from 'vitest';

import { aboutWords } from '../src/i18n/format';
import type { Change, UnitHealth } from '../src/pages/health/api';
import { spanAt, spansOf, sumsOf } from '../src/pages/health/timeline';
import { csvOf, sorted } from '../src/pages/health/units';
import { fromInput, ticks, toInput } from '../src/pages/health/zone';
import { alarmOf } from '../src/wall/alarms';

const change = (state: string, at: number, until: number | null): Change => ({
  state,
  reason_code: state,
  reason: '',
  at: new Date(at).toISOString(),
  until: until === null ? null : new Date(until).toISOString(),
  worker: 'w',
});

describe('the timeline of health', () => {
  const changes = [
    change('live', 9000, null),
    change('offline', 8000, 9000),
    change('live', 1000, 8000),
  ];

  it('cuts states to the period, in order', () => {
    const spans = spansOf(changes, 2000, 10_000);
    expect(spans.map(({ state, from, to }) => [state, from, to])).toEqual([
      ['live', 2000, 8000],
      ['offline', 8000, 9000],
      ['live', 9000, 10_000],
    ]);
    expect(spansOf(changes, 0, 500)).toEqual([]);
  });

  it('sums the time by state', () => {
    expect(sumsOf(spansOf(changes, 0, 10_000))).toEqual([
      { state: 'live', ms: 8000, share: 8 / 9 },
      { state: 'offline', ms: 1000, share: 1 / 9 },
    ]);
  });

  it('finds the short failure beside what is pointed at', () => {
    const spans = spansOf(changes, 0, 10_000);
    expect(spanAt(spans, 7900, 0)?.state).toBe('live');
    expect(spanAt(spans, 7900, 200)?.state).toBe('offline');
    expect(spanAt(spans, 500, 100)).toBeNull();
  });
});

describe('times of the city', () => {
  it('go into an input and come out of it', () => {
    const at = Date.parse('2026-03-01T17:30:00Z');
    expect(toInput(at, 'Asia/Ho_Chi_Minh')).toBe('2026-03-02T00:30');
    expect(fromInput('2026-03-02T00:30', 'Asia/Ho_Chi_Minh')).toBe(at);
    expect(fromInput('', 'Asia/Ho_Chi_Minh')).toBeNaN();
    const summer = Date.parse('2026-03-29T01:30:00Z');
    expect(fromInput(toInput(summer, 'Europe/Berlin'), 'Europe/Berlin')).toBe(summer);
  });

  it('mark midnight of the city', () => {
    const from = Date.parse('2026-03-01T00:00:00Z');
    const marks = ticks(from, from + 2 * 86_400_000, 86_400_000, 'Asia/Ho_Chi_Minh');
    expect(marks.map((at) => toInput(at, 'Asia/Ho_Chi_Minh'))).toEqual([
      '2026-03-02T00:00',
      '2026-03-03T00:00',
    ]);
  });
});

describe('units', () => {
  const unit = (unit_code: string, name: string, share: number | null): UnitHealth => ({
    unit_code,
    unit_name_vi: name,
    unit_name_en: name,
    uptime: { share, live_s: 10, known_s: 20, falls: 2, cameras: 3 },
  });
  const units = [unit('1', 'Bến "Cảng"', 0.9), unit('2', 'An Lạc', null), unit('3', 'Chợ', 0.5)];
  const order = (key: 'unit' | 'uptime', down: boolean) =>
    sorted(units, { key, down }, (one) => one.unit_name_vi).map((one) => one.unit_code);

  it('are sorted, the unknown last', () => {
    expect(order('uptime', false)).toEqual(['3', '1', '2']);
    expect(order('uptime', true)).toEqual(['1', '3', '2']);
    expect(order('unit', false)).toEqual(['2', '1', '3']);
    expect(order('unit', true)).toEqual(['3', '1', '2']);
  });

  it('are written as CSV', () => {
    const [, first, second] = csvOf(units, 'A', 'B').split('\r\n');
    expect(first).toBe('A,B,1,"Bến ""Cảng""",3,0.9,10,20,2');
    expect(second).toBe('A,B,2,"An Lạc",3,,10,20,2');
  });
});

describe('events about a camera itself', () => {
  it('have a shape and a reason in words', () => {
    expect(alarmOf('camera_down')).toEqual({ icon: 'off', tone: 'bad' });
    expect(alarmOf('zone_enter')).toBeNull();
    expect(aboutWords('en', 'camera_down', 'timeout')).toBe('The camera does not answer');
    expect(aboutWords('en', 'camera_up', '')).toBe('');
    expect(aboutWords('en', 'zone_enter', 'person')).toBe('Person');
  });
});
