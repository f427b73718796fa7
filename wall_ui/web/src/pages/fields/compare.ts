import type { Camera } from '../../api/types';
import { steady } from '../cameras/draft';

/** What people fill of a camera, as the API calls it, in the order of the form. */
export const FIELDS = [
  'name',
  'unit_code',
  'url',
  'credential_id',
  'position',
  'code',
  'class',
  'enabled',
  'tags',
  'groups',
  'transport',
  'gate',
  'priority',
  'detector',
  'address',
  'owner',
  'purpose',
  'retention_class',
  'make',
  'model',
  'firmware',
  'serial',
  'height_m',
  'azimuth_deg',
  'fov_deg',
  'view_m',
  'target_px_m',
  'installed_on',
  'checked_on',
  'sign_posted',
  'main',
  'sub',
  'capabilities',
  'privacy_zones',
] as const satisfies readonly (keyof Camera)[];

export type FieldName = (typeof FIELDS)[number];

/** The fields in which two states of a camera differ. */
export function differing(one: Camera, other: Camera): readonly FieldName[] {
  return FIELDS.filter((name) => steady(one[name] ?? null) !== steady(other[name] ?? null));
}

/** The camera as it is, with some of its fields as they were. */
export function restored(now: Camera, then: Camera, names: readonly FieldName[]): Camera {
  return { ...now, ...Object.fromEntries(names.map((name) => [name, then[name]])) };
}
