import { en } from './en';
import { vi, type Catalogue, type Key } from './vi';

export type Language = 'vi' | 'en';
export const LANGUAGES: readonly Language[] = ['vi', 'en'];
export const CATALOGUES: Readonly<Record<Language, Catalogue>> = { vi, en };

const LOCALES: Readonly<Record<Language, string>> = { vi: 'vi-VN', en: 'en-GB' };

export type Values = Readonly<Record<string, string | number>>;

/** Fill `{name}` places; a place without a value stays visible, which a test looks for. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : place,
  );
}

export function translate(language: Language, key: Key, values?: Values): string {
  return fill(CATALOGUES[language][key], values);
}

/** Whether a text made at run time (`reason.` + code) is a key of the catalogues. */
export function isKey(key: string): key is Key {
  return Object.hasOwn(vi, key);
}

/** A span of time in one unit, short: `12 s`, `3 min`, `2 h`. */
export function span(language: Language, ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return translate(language, 'time.seconds', { n: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return translate(language, 'time.minutes', { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return translate(language, 'time.hours', { n: hours });
  return translate(language, 'time.days', { n: Math.floor(hours / 24) });
}

/** Seconds with one decimal, as the language writes it: `0,4 s`. */
export function tenths(language: Language, ms: number): string {
  const form = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  const n = new Intl.NumberFormat(LOCALES[language], form).format(ms / 1000);
  return translate(language, 'time.seconds', { n });
}

/** A number with at most `digits` decimals, as the language writes it: `15,3`. */
export function decimal(language: Language, value: number, digits: number): string {
  return new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: digits }).format(value);
}

/** Words for a state's reason: the catalogue's by code, else the server's own (English). */
export function reasonWords(language: Language, code: string, reason: string): string {
  const key = `reason.${code}`;
  return isKey(key) ? translate(language, key) : reason || code;
}

/** Words for what is decoded of a camera; a phase that we have no words for is shown as it is. */
export function gateWords(language: Language, gate: string, duty: number): string {
  const key = `gate.${gate}`;
  const words = isKey(key) ? translate(language, key) : gate;
  return translate(language, 'gate.duty', { gate: words, n: Math.round(duty * 100) });
}

export function kindWords(language: Language, kind: string): string {
  const key = `event.kind.${kind}`;
  return isKey(key) ? translate(language, key) : translate(language, 'event.kind.other', { kind });
}

/** Words for a model's class; a class that we have no words for is shown as the model says it. */
export function labelWords(language: Language, label: string): string {
  const key = `event.label.${label}`;
  return isKey(key) ? translate(language, key) : label;
}

/** Words for what an event is about: the class of an object, or why a camera is dead. */
export function aboutWords(language: Language, kind: string, label: string): string {
  if (label === '') return '';
  return kind.startsWith('camera_')
    ? reasonWords(language, label, '')
    : labelWords(language, label);
}

/** 24-hour wall time in the city's zone: `14:05:09`. */
export function clockTime(ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(ms);
}

export function dateWords(language: Language, ms: number, timeZone: string): string {
  return new Intl.DateTimeFormat(LOCALES[language], {
    timeZone,
    weekday: 'short',
    day: '2-digit',
    month: '2-digit',
    year: 'numeric',
  }).format(ms);
}

/** Day and time in the city's zone: `Th 5, 26/11/2026 14:05:09`. */
export function momentWords(language: Language, at: string | number, timeZone: string): string {
  const ms = typeof at === 'number' ? at : Date.parse(at);
  return `${dateWords(language, ms, timeZone)} ${clockTime(ms, timeZone)}`;
}

/** What the zone of all times shown is called: `Asia/Ho_Chi_Minh (GMT+7)`. */
export function zoneWords(timeZone: string, now = Date.now()): string {
  const form = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'shortOffset' });
  const offset = form.formatToParts(now).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return offset === '' ? timeZone : `${timeZone} (${offset})`;
}
