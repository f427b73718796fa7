import { ApiError } from '../../api/client';
import { errorWords } from '../../api/words';
import { FIELDS } from '../fields/compare';

/** What the hub says against single fields, by their names in the API, and against all else. */
export interface Refusal {
  readonly fields: Readonly<Record<string, string>>;
  readonly other: string;
}

export const NO_REFUSAL: Refusal = { fields: {}, other: '' };

const SHOWN: readonly string[] = [
  ...FIELDS,
  'username',
  'password',
  'add_tags',
  'remove_tags',
  'add_groups',
  'remove_groups',
];

/** Read a refusal; a field that no form shows is said above all. */
export function refusalOf(cause: unknown): Refusal {
  const words = errorWords(cause);
  if (!(cause instanceof ApiError)) return { fields: {}, other: words };
  const named = cause.errors.map(({ field, message }): [string, string] => [field, message]);
  const [prefix = '', first] = /^([a-z_]+(?:\.[a-z_]+)*): /.exec(cause.detail) ?? [];
  if (named.length === 0 && first !== undefined) named.push([first, words.slice(prefix.length)]);
  const fields: Record<string, string> = {};
  let other = '';
  for (const [field, message] of named) {
    const path = pathOf(field);
    if (SHOWN.includes(path.split('.')[0] ?? '')) fields[path] ??= message;
    else other ||= words;
  }
  return { fields, other: Object.keys(fields).length === 0 ? words : other };
}

/** The path of a field without the places in lists: `tags.3` is said at `tags`. */
function pathOf(field: string): string {
  const path = field.replace(/^change\./, '').replace(/\.\d+.*$/, '');
  if (path === 'onvif_url') return 'capabilities.onvif_url';
  return path === 'camera_class' ? 'class' : path;
}
