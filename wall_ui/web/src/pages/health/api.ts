import type { Api } from '../../api/client';
import type { components } from '../../api/schema';
import { language } from '../../i18n/index.svelte';
import { momentWords } from '../../i18n/format';
import { cameraPath } from '../cameras/api';

type Schemas = components['schemas'];
export type Change = Schemas['ChangeShape'];
export type ChangePage = Schemas['ChangePage'];
export type CameraHealth = Schemas['CameraHealth'];
export type UnitHealth = Schemas['UnitHealth'];
export type UnitHealthList = Schemas['UnitHealthList'];
export type Outage = Schemas['OutageShape'];
export type OutagePage = Schemas['OutagePage'];
export type MaintenanceWindow = Schemas['WindowShape'];
export type WindowPage = Schemas['WindowPage'];
export type WindowBody = Schemas['WindowBody'];

const PAGE = 500;
const PAGES = 10;

function period(from: number, to: number): URLSearchParams {
  return new URLSearchParams({
    since: new Date(from).toISOString(),
    until: new Date(to).toISOString(),
  });
}

export function cameraHealth(
  api: Api,
  id: string,
  from: number,
  to: number,
): Promise<CameraHealth> {
  return api.get(`${cameraPath(id)}/health?${period(from, to)}`);
}

export function changePage(
  api: Api,
  id: string,
  cursor: string,
  limit: number,
): Promise<ChangePage> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (cursor !== '') query.set('cursor', cursor);
  return api.get(`${cameraPath(id)}/health/changes?${query}`);
}

/** The changes that reach back to an instant; `cut` where there are more than one can draw. */
export async function changesSince(
  api: Api,
  id: string,
  from: number,
): Promise<{ changes: readonly Change[]; cut: boolean }> {
  const changes: Change[] = [];
  let cursor = '';
  for (let turn = 0; turn < PAGES; turn += 1) {
    const page = await changePage(api, id, cursor, PAGE);
    changes.push(...page.items);
    const oldest = page.items.at(-1);
    if (page.next_cursor === null || oldest === undefined || Date.parse(oldest.at) <= from) {
      return { changes, cut: false };
    }
    cursor = page.next_cursor;
  }
  return { changes, cut: true };
}

export function unitsHealth(api: Api, from: number, to: number): Promise<UnitHealthList> {
  return api.get(`/api/v1/health/units?${period(from, to)}`);
}

export function outagePage(api: Api, cursor: string): Promise<OutagePage> {
  const query = new URLSearchParams({ limit: '50' });
  if (cursor !== '') query.set('cursor', cursor);
  return api.get(`/api/v1/health/outages?${query}`);
}

export interface WindowsWanted {
  /** Those of the last 90 days, too. */
  readonly past: boolean;
  /** Only those for this camera: for itself, its unit or a group that it is in. */
  readonly camera: string | null;
  readonly cursor: string;
}

export function windowPage(api: Api, wanted: WindowsWanted): Promise<WindowPage> {
  const query = new URLSearchParams({ limit: '50' });
  if (wanted.past) query.set('past', 'true');
  if (wanted.camera !== null) query.set('camera', wanted.camera);
  if (wanted.cursor !== '') query.set('cursor', wanted.cursor);
  return api.get(`/api/v1/maintenance?${query}`);
}

export function announce(api: Api, body: WindowBody): Promise<MaintenanceWindow> {
  return api.send('POST', '/api/v1/maintenance', body);
}

export function endWindow(api: Api, id: string): Promise<void> {
  return api.send('DELETE', `/api/v1/maintenance/${encodeURIComponent(id)}`);
}

export function when(at: string | number, zone: string): string {
  return momentWords(language.current, at, zone);
}
