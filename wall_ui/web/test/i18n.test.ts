import { describe, expect, it } from 'vitest';

import { en } from '../src/i18n/en';
import {
  clockTime,
  dateWords,
  fill,
  isKey,
  kindWords,
  labelWords,
  momentWords,
  reasonWords,
  span,
  tenths,
  zoneWords,
} from '../src/i18n/format';
import { vi } from '../src/i18n/vi';

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

/** Every reason code that a worker or the api may send. */
const REASONS = [
  'connecting',
  'live',
  'stalled_no_packets',
  'picture_frozen',
  'picture_black',
  'refused',
  'timeout',
  'dns',
  'forbidden_network',
  'unauthorized',
  'not_found',
  'no_video',
  'unsupported_codec',
  'no_parameter_sets',
  'bad_data',
  'closed',
  'no_worker',
  'digest_sha256_unsupported',
  'unreachable',
  'auth_failed',
  'stalled',
  'no_keyframe',
  'server_error',
  'request_refused',
  'transport_refused',
  'internal_error',
  'bad_url',
  'credentials_too_long',
];

describe('catalogues', () => {
  it('have the same keys', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(vi).sort());
  });

  it('have words behind every key, and the same places in them', () => {
    for (const key of Object.keys(vi) as (keyof typeof vi)[]) {
      expect(vi[key].trim(), key).not.toBe('');
      expect(en[key].trim(), key).not.toBe('');
      expect(places(en[key]), key).toEqual(places(vi[key]));
    }
  });

  it('have words for every reason that the hub gives', () => {
    expect(REASONS.filter((code) => !isKey(`reason.${code}`))).toEqual([]);
  });
});

describe('words', () => {
  it('fills places and leaves what has no value to be seen', () => {
    expect(fill('{a} of {b}', { a: 1 })).toBe('1 of {b}');
    expect(fill('{toString}')).toBe('{toString}');
  });

  it('falls back to the server’s own words for a new reason', () => {
    expect(reasonWords('vi', 'timeout', 'x')).toBe(vi['reason.timeout']);
    expect(reasonWords('vi', 'on_fire', 'the camera burns')).toBe('the camera burns');
    expect(reasonWords('vi', 'on_fire', '')).toBe('on_fire');
    expect(reasonWords('en', '__proto__', 'odd')).toBe('odd');
  });

  it('names kinds and labels, known or not', () => {
    expect(kindWords('en', 'zone_enter')).toBe('Object entered a zone');
    expect(kindWords('en', 'flood')).toBe('Event: flood');
    expect(labelWords('vi', 'person')).toBe('Người');
    expect(labelWords('vi', 'buffalo')).toBe('buffalo');
  });

  it('says a span in its largest unit that is still exact enough', () => {
    expect([0, 999, 12_999, 119_999].map((ms) => span('en', ms))).toEqual([
      '0 s',
      '0 s',
      '12 s',
      '119 s',
    ]);
    expect([120_000, 7_199_000].map((ms) => span('vi', ms))).toEqual(['2 phút', '119 phút']);
    expect([7_200_000, 48 * 3_600_000].map((ms) => span('en', ms))).toEqual(['2 h', '2 d']);
    expect(span('en', -5)).toBe('0 s');
  });

  it('writes decimals as the language does', () => {
    expect([tenths('vi', 440), tenths('en', 440)]).toEqual(['0,4 s', '0.4 s']);
  });

  it('tells the time of the city, over 24 hours, wherever the screen stands', () => {
    const midnight = Date.parse('2026-01-31T17:00:05Z');
    expect(clockTime(midnight, 'Asia/Ho_Chi_Minh')).toBe('00:00:05');
    expect(dateWords('en', midnight, 'Asia/Ho_Chi_Minh')).toContain('01/02/2026');
    expect(dateWords('vi', midnight, 'Asia/Ho_Chi_Minh')).toContain('01/02/2026');
  });
});

describe('times', () => {
  it('are the city’s, with day, and the zone is told', () => {
    expect(momentWords('en', '2026-11-26T20:05:09Z', 'Asia/Ho_Chi_Minh')).toBe(
      'Fri, 27/11/2026 03:05:09',
    );
    expect(zoneWords('Asia/Ho_Chi_Minh')).toBe('Asia/Ho_Chi_Minh (GMT+7)');
  });
});
