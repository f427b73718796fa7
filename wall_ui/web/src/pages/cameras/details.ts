import type { Camera } from '../../api/types';
import { readNumber, writeNumber } from '../../ui/numbers';

type Form = 'text' | 'number' | 'date' | 'class' | 'posted';

/** What a register knows of a camera beside how to reach it: name in the API, and its form. */
export const DETAILS = [
  { name: 'code', form: 'text' },
  { name: 'class', form: 'class' },
  { name: 'address', form: 'text' },
  { name: 'owner', form: 'text' },
  { name: 'purpose', form: 'text' },
  { name: 'retention_class', form: 'text' },
  { name: 'make', form: 'text' },
  { name: 'model', form: 'text' },
  { name: 'firmware', form: 'text' },
  { name: 'serial', form: 'text' },
  { name: 'height_m', form: 'number' },
  { name: 'azimuth_deg', form: 'number' },
  { name: 'fov_deg', form: 'number' },
  { name: 'view_m', form: 'number' },
  { name: 'target_px_m', form: 'number' },
  { name: 'installed_on', form: 'date' },
  { name: 'checked_on', form: 'date' },
  { name: 'sign_posted', form: 'posted' },
] as const satisfies readonly { name: keyof Camera; form: Form }[];

export type DetailName = (typeof DETAILS)[number]['name'];
export type Details = Record<DetailName, string>;

export const CLASSES = [
  'traffic',
  'public_place',
  'counter',
  'gate',
  'building',
  'park',
  'waterway',
  'other',
] as const satisfies readonly Camera['class'][];

export function detailsOf(camera: Camera | null): Details {
  const entries = DETAILS.map(({ name, form }) => {
    const value = camera?.[name];
    if (form === 'class') return [name, String(value ?? 'other')];
    if (typeof value === 'number') return [name, writeNumber(value)];
    return [name, value === undefined || value === null ? '' : String(value)];
  });
  return Object.fromEntries(entries) as Details;
}

/** Names of the details whose number is none. */
export function oddDetails(details: Details): readonly DetailName[] {
  return DETAILS.filter(
    ({ name, form }) =>
      form === 'number' && details[name].trim() !== '' && Number.isNaN(readNumber(details[name])),
  ).map(({ name }) => name);
}

/** The details for the API: what was left empty is null, or an empty text. */
export function detailsBody(details: Details): Record<string, unknown> {
  const entries = DETAILS.map(({ name, form }): [string, unknown] => {
    const text = details[name].trim();
    if (form === 'text' || form === 'class') return [name, text];
    if (text === '') return [name, null];
    if (form === 'number') return [name, readNumber(text)];
    return [name, form === 'posted' ? text === 'true' : text];
  });
  return Object.fromEntries(entries);
}
