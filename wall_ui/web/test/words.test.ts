import { describe, expect, it } from 'vitest';

import { language, type Words } from '../src/i18n/index.svelte';

const rooms = import.meta.glob<{ t: Words<Record<string, string>> }>('../src/pages/*/words.ts', {
  eager: true,
});
const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe.each(Object.entries(rooms))('words of %s', (_, { t }) => {
  const { vi, en } = t.catalogues;

  it('are there in both languages, with the same places', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(vi).sort());
    for (const [key, words] of Object.entries(vi)) {
      expect(words.trim(), key).not.toBe('');
      expect(en[key]?.trim(), key).not.toBe('');
      expect(places(en[key] ?? ''), key).toEqual(places(words));
    }
  });

  it('follow the chosen language', () => {
    const [key] = Object.keys(vi);
    if (key === undefined) throw new Error('a room without words');
    const before = language.current;
    language.current = 'vi';
    const first = t(key);
    language.current = 'en';
    expect([first, t(key)]).toEqual([vi[key], en[key]]);
    language.current = before;
  });
});

it('finds the rooms', () => {
  expect(Object.keys(rooms).length).toBeGreaterThan(0);
});
