import { readNumber } from '../../ui/numbers';

type Form = 'text' | 'number' | 'date' | 'unit' | 'detector' | 'choice';

export interface BulkField {
  /** As the API calls it. */
  readonly name: string;
  readonly form: Form;
  readonly section: 'where' | 'run' | 'record';
  /** The values of a choice, as texts. */
  readonly values?: readonly string[];
  /** Longest text that the hub takes. */
  readonly most?: number;
}

const CLASSES = [
  'traffic',
  'public_place',
  'counter',
  'gate',
  'building',
  'park',
  'waterway',
  'other',
] as const;
const TEN = Array.from({ length: 10 }, (_, n) => String(n));

/** What can be changed for many cameras at once: what is no camera's own. */
export const BULK_FIELDS: readonly BulkField[] = [
  { name: 'unit_code', form: 'unit', section: 'where' },
  { name: 'class', form: 'choice', section: 'where', values: CLASSES },
  { name: 'owner', form: 'text', section: 'where', most: 120 },
  { name: 'purpose', form: 'text', section: 'where', most: 200 },
  { name: 'retention_class', form: 'text', section: 'where', most: 32 },
  { name: 'sign_posted', form: 'choice', section: 'where', values: ['', 'true', 'false'] },
  { name: 'enabled', form: 'choice', section: 'run', values: ['true', 'false'] },
  { name: 'transport', form: 'choice', section: 'run', values: ['tcp', 'udp'] },
  { name: 'gate', form: 'choice', section: 'run', values: ['auto', 'off'] },
  { name: 'priority', form: 'choice', section: 'run', values: TEN },
  { name: 'detector', form: 'detector', section: 'run' },
  { name: 'make', form: 'text', section: 'record', most: 60 },
  { name: 'model', form: 'text', section: 'record', most: 60 },
  { name: 'firmware', form: 'text', section: 'record', most: 60 },
  { name: 'installed_on', form: 'date', section: 'record' },
  { name: 'checked_on', form: 'date', section: 'record' },
  { name: 'height_m', form: 'number', section: 'record' },
  { name: 'fov_deg', form: 'number', section: 'record' },
  { name: 'view_m', form: 'number', section: 'record' },
  { name: 'target_px_m', form: 'number', section: 'record' },
];

export const SETS = ['add_tags', 'remove_tags', 'add_groups', 'remove_groups'] as const;
export type SetName = (typeof SETS)[number];

/** A change as it stands in the form: values of the ticked fields as texts. */
export interface BulkDraft {
  /** Names of the fields that are to be changed. */
  ticked: readonly string[];
  values: Record<string, string>;
  add_tags: string;
  remove_tags: string;
  add_groups: readonly string[];
  remove_groups: readonly string[];
}

export function emptyDraft(): BulkDraft {
  const values = BULK_FIELDS.map(({ name, values: [first = ''] = [] }) => [name, first]);
  return {
    ticked: [],
    values: Object.fromEntries(values) as Record<string, string>,
    add_tags: '',
    remove_tags: '',
    add_groups: [],
    remove_groups: [],
  };
}

/** The change for the API. `codeOf` reads a unit; a field that cannot be read stands in `faults`. */
export function changeOf(
  draft: BulkDraft,
  codeOf: (text: string) => string | null,
): { change: Record<string, unknown>; faults: readonly string[] } {
  const change: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const field of BULK_FIELDS) {
    if (!draft.ticked.includes(field.name)) continue;
    const value = valueOf(field, (draft.values[field.name] ?? '').trim(), codeOf);
    if (value === undefined) faults.push(field.name);
    else change[field.name] = value;
  }
  for (const name of SETS) {
    const values = draft[name];
    const list = typeof values === 'string' ? tagsOf(values) : values;
    if (list.length > 0) change[name] = list;
  }
  return { change, faults };
}

/** The value of a field; undefined where the text is none. */
function valueOf(field: BulkField, text: string, codeOf: (text: string) => string | null): unknown {
  if (field.form === 'unit') return codeOf(text) ?? undefined;
  if (field.name === 'priority') return Number(text);
  if (field.name === 'enabled') return text === 'true';
  if (field.name === 'sign_posted') return text === '' ? null : text === 'true';
  if (field.form === 'date') return text === '' ? null : text;
  if (field.form !== 'number') return text;
  if (text === '') return null;
  const number = readNumber(text);
  return Number.isNaN(number) ? undefined : number;
}

function tagsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}
