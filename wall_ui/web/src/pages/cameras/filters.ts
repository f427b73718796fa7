import type { Camera } from '../../api/types';
import type { components } from '../../api/schema';
import { CLASSES } from './details';

export type State = components['schemas']['State'];
type Yes = '' | 'true' | 'false';

/** What the list asks for, as its address holds it; '' means any. */
export interface Filters {
  q: string;
  unit: string;
  class: '' | Camera['class'];
  state: '' | State;
  group: string;
  tag: string;
  enabled: Yes;
  positioned: Yes;
  weak_credentials: Yes;
  bbox: string;
}

export const STATES = [
  'live',
  'connecting',
  'stalled',
  'frozen',
  'offline',
  'auth_failed',
  'unsupported',
  'error',
] as const satisfies readonly State[];

const NAMES = [
  'q',
  'unit',
  'class',
  'state',
  'group',
  'tag',
  'enabled',
  'positioned',
  'weak_credentials',
  'bbox',
] as const satisfies readonly (keyof Filters)[];

const CHOICES: Readonly<Partial<Record<keyof Filters, readonly string[]>>> = {
  class: CLASSES,
  state: STATES,
  enabled: ['true', 'false'],
  positioned: ['true', 'false'],
  weak_credentials: ['true'],
};

/** Read an address; a value that nobody could choose is left out, not asked. */
export function readFilters(query: URLSearchParams): Filters {
  const entries = NAMES.map((name) => {
    const value = query.get(name) ?? '';
    const choices = CHOICES[name];
    return [name, choices === undefined || choices.includes(value) ? value : ''];
  });
  return Object.fromEntries(entries) as Filters;
}

/** The filters that are set: for the address, for the API and for an export alike. */
export function writeFilters(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of NAMES) {
    const value = filters[name].trim();
    if (value !== '') query.set(name, value);
  }
  return query;
}
