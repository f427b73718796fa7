import type { Api } from '../../api/client';
import type { components } from '../../api/schema';
import { cameraPath } from '../cameras/api';

export type Board = components['schemas']['QualityBoard'];
export type UnitQuality = components['schemas']['UnitQuality'];
export type CameraScore = components['schemas']['CameraScore'];
export type CameraScorePage = components['schemas']['CameraScorePage'];
export type CameraQuality = components['schemas']['CameraQuality'];
export type Finding = components['schemas']['FindingShape'];
export type Day = components['schemas']['DayShape'];

export const PRINCIPLES = ['correct', 'complete', 'clean', 'live', 'unified', 'shared'] as const;
export type Principle = (typeof PRINCIPLES)[number];

/** What a fix list shows; empty texts mean any. `below` is a share, 0..1. */
export interface Wanted {
  readonly unit: string;
  readonly principle: Principle | '';
  readonly below: string;
  readonly sort: 'worst' | 'best' | 'name';
}

const ROOT = '/api/v1/quality';
const ROWS = 50;

export function board(api: Api): Promise<Board> {
  return api.get(ROOT);
}

export const BOARD_CSV = `${ROOT}?format=csv`;

export function fixListPath(wanted: Wanted, more: Readonly<Record<string, string>>): string {
  const query = new URLSearchParams({ sort: wanted.sort, ...more });
  if (wanted.unit !== '') query.set('unit', wanted.unit);
  if (wanted.principle !== '') query.set('principle', wanted.principle);
  if (wanted.below !== '') query.set('below', wanted.below);
  return `${ROOT}/cameras?${query}`;
}

export function fixList(api: Api, wanted: Wanted, cursor: string): Promise<CameraScorePage> {
  const page = { limit: String(ROWS), ...(cursor === '' ? {} : { cursor }) };
  return api.get(fixListPath(wanted, page));
}

export function cameraQuality(api: Api, id: string): Promise<CameraQuality> {
  return api.get(`${cameraPath(id)}/quality`);
}

export function scoreAgain(api: Api, id: string): Promise<CameraQuality> {
  return api.send('POST', `${cameraPath(id)}/quality`);
}
