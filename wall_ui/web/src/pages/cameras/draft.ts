import type { Camera } from '../../api/types';
import { detailsBody, detailsOf, type Details } from './details';
import { partsBody, partsOf, type Parts } from './parts';

/** A camera as it stands in the form: texts, as somebody typed them. */
export interface Draft {
  name: string;
  unit: string;
  url: string;
  lat: string;
  lon: string;
  username: string;
  password: string;
  /** Id of the shared log-in that it uses; empty: its own, or none. */
  credential: string;
  /** Take the stored credentials away. */
  forget: boolean;
  tags: string;
  transport: 'tcp' | 'udp';
  gate: 'auto' | 'off';
  priority: number;
  enabled: boolean;
  /** Name of its model; empty: that of the hub. */
  detector: string;
  details: Details;
  parts: Parts;
}

export type DraftField = keyof Draft;
/** A wrong field, and the key of the words that say why. */
export type DraftErrors = Partial<Record<DraftField, DraftFault>>;
export type DraftFault =
  | 'field.needed'
  | 'field.unit_code.unknown'
  | 'field.position.half'
  | 'field.position.range'
  | 'field.username.needed';

export function draftOf(camera: Camera | null, unitLabel: (code: string) => string): Draft {
  return {
    name: camera?.name ?? '',
    unit: camera === null ? '' : unitLabel(camera.unit_code),
    url: camera?.url ?? '',
    lat: camera?.position ? String(camera.position.lat) : '',
    lon: camera?.position ? String(camera.position.lon) : '',
    username: '',
    password: '',
    credential: camera?.credential_id ?? '',
    forget: false,
    tags: camera?.tags.join(', ') ?? '',
    transport: camera?.transport ?? 'tcp',
    gate: camera?.gate ?? 'auto',
    priority: camera?.priority ?? 0,
    enabled: camera?.enabled ?? true,
    detector: camera?.detector ?? '',
    details: detailsOf(camera),
    parts: partsOf(camera),
  };
}

/** Check what can be known here; the hub checks all of it again. */
export function faultsOf(draft: Draft, unitCode: string | null): DraftErrors {
  const faults: DraftErrors = {};
  if (draft.name.trim() === '') faults.name = 'field.needed';
  if (draft.url.trim() === '') faults.url = 'field.needed';
  if (unitCode === null) faults.unit = 'field.unit_code.unknown';
  const [lat, lon] = [draft.lat.trim(), draft.lon.trim()];
  if ((lat === '') !== (lon === '')) faults[lat === '' ? 'lat' : 'lon'] = 'field.position.half';
  else if (lat !== '') {
    if (!within(lat, 90)) faults.lat = 'field.position.range';
    if (!within(lon, 180)) faults.lon = 'field.position.range';
  }
  if (draft.credential === '' && draft.password !== '' && draft.username.trim() === '') {
    faults.username = 'field.username.needed';
  }
  return faults;
}

/** A decimal comma is what a Vietnamese keyboard gives. */
function degrees(text: string): number {
  return Number(text.trim().replace(',', '.'));
}

function within(text: string, limit: number): boolean {
  const value = degrees(text);
  return Number.isFinite(value) && Math.abs(value) <= limit;
}

/** All fields of the form but the credentials, named as in the API. */
export function wholeOf(draft: Draft, unitCode: string): Record<string, unknown> {
  return {
    name: draft.name.trim(),
    unit_code: unitCode,
    url: draft.url.trim(),
    position: draft.lat.trim() === '' ? null : { lat: degrees(draft.lat), lon: degrees(draft.lon) },
    tags: draft.tags
      .split(',')
      .map((tag) => tag.trim())
      .filter((tag) => tag !== ''),
    transport: draft.transport,
    gate: draft.gate,
    priority: draft.priority,
    enabled: draft.enabled,
    detector: draft.detector,
    credential_id: draft.credential,
    ...detailsBody(draft.details),
    ...partsBody(draft.parts),
  };
}

/** The body for the API: everything for a new camera, what differs for one that is there. */
export function bodyOf(draft: Draft, unitCode: string, before: Camera | null): object {
  const whole = wholeOf(draft, unitCode);
  const shared = draft.credential !== '';
  const credentials = shared
    ? { credential_id: draft.credential } // told again: another address would lose it
    : draft.forget
      ? { username: null }
      : draft.username.trim() === ''
        ? {}
        : { username: draft.username.trim(), password: draft.password };
  if (before === null) {
    // what is not known of a new camera is left to the hub, its code for one
    const nothing = partsBody(partsOf(null));
    const told = Object.entries(whole).filter(
      ([name, value]) =>
        value !== '' && value !== null && steady(value) !== steady(nothing[name] ?? null),
    );
    return { ...Object.fromEntries(told), ...credentials };
  }
  const changed = Object.fromEntries(
    Object.entries(whole).filter(
      ([name, value]) => steady(value) !== steady(Reflect.get(before, name) ?? null),
    ),
  );
  return { ...changed, ...credentials, version: before.version };
}

/** A value as text that does not hang on the order of its fields. */
export function steady(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

const MARKS = /[\u0300-\u036f]/g;

/** Letters without their marks, small: `Thủ Đức` becomes `thu duc`. */
export function folded(text: string): string {
  return text.normalize('NFD').replace(MARKS, '').replace(/[đĐ]/g, 'd').toLowerCase();
}
