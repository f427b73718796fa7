import type { Camera } from '../../api/types';
import { differing, type FieldName } from '../fields/compare';
import type { DetailName } from './details';
import { DETAILS } from './details';
import { draftOf, steady, wholeOf, type Draft } from './draft';
import type { Parts } from './parts';

const DETAIL_NAMES: readonly string[] = DETAILS.map(({ name }) => name);
const PART_NAMES: readonly string[] = [
  'main',
  'sub',
  'capabilities',
  'groups',
  'privacy_zones',
] satisfies readonly (keyof Parts)[];

/** A draft with one field, as the API calls it, taken from another. */
export function taken(draft: Draft, from: Draft, name: FieldName): Draft {
  if (DETAIL_NAMES.includes(name)) {
    const detail = name as DetailName;
    return { ...draft, details: { ...draft.details, [detail]: from.details[detail] } };
  }
  if (PART_NAMES.includes(name)) {
    const part = name as keyof Parts;
    return { ...draft, parts: { ...draft.parts, [part]: from.parts[part] } };
  }
  if (name === 'credential_id') return { ...draft, credential: from.credential };
  if (name === 'unit_code') return { ...draft, unit: from.unit };
  if (name === 'position') return { ...draft, lat: from.lat, lon: from.lon };
  const own = name as keyof Draft;
  return { ...draft, [own]: from[own] };
}

export interface Rebased {
  draft: Draft;
  /** What somebody else has changed. */
  changed: readonly FieldName[];
  /** That of it which was changed here as well, to something else. */
  clashes: readonly FieldName[];
}

/**
 * A draft that was begun on `before`, on top of `theirs`: what was not touched here is as they have
 * saved it, what was typed here stays.
 */
export function rebased(
  draft: Draft,
  unitCode: string,
  before: Camera,
  theirs: Camera,
  label: (code: string) => string,
): Rebased {
  const mine = wholeOf(draft, unitCode);
  const begun = wholeOf(draftOf(before, label), before.unit_code);
  const theirDraft = draftOf(theirs, label);
  const changed = differing(before, theirs);
  let next = draft;
  const clashes: FieldName[] = [];
  for (const name of changed) {
    if (steady(mine[name] ?? null) === steady(begun[name] ?? null)) {
      next = taken(next, theirDraft, name);
    } else if (steady(mine[name] ?? null) !== steady(theirs[name] ?? null)) clashes.push(name);
  }
  return { draft: next, changed, clashes };
}
