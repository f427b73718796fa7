import type { Api } from '../../api/client';
import type { Camera, CameraPage } from '../../api/types';
import type { components } from '../../api/schema';

export type Unit = components['schemas']['UnitShape'];

export type Group = components['schemas']['GroupShape'];

export const ROWS = 50;
/** The most that the hub gives at once; for exports that the browser puts together. */
const PAGE = 500;

export function listCameras(
  api: Api,
  filters: URLSearchParams,
  cursor: string,
): Promise<CameraPage> {
  const wanted = new URLSearchParams(filters);
  wanted.set('limit', String(ROWS));
  if (cursor !== '') wanted.set('cursor', cursor);
  return api.get(`/api/v1/cameras?${wanted}`);
}

/** All that match as CSV: the browser keeps it as it comes. */
export function csvPath(filters: URLSearchParams): string {
  const wanted = new URLSearchParams(filters);
  wanted.set('format', 'csv');
  return `/api/v1/cameras?${wanted}`;
}

interface Features {
  features: object[];
  next_cursor: string | null;
}

/** All that match as one GeoJSON; `going` is asked with the count so far and ends it with false. */
export async function geojsonOf(
  api: Api,
  filters: URLSearchParams,
  going: (count: number) => boolean,
): Promise<Blob | null> {
  const wanted = new URLSearchParams(filters);
  wanted.set('format', 'geojson');
  wanted.set('limit', String(PAGE));
  const parts: string[] = [];
  let count = 0;
  let cursor: string | null = null;
  do {
    if (cursor !== null) wanted.set('cursor', cursor);
    const page: Features = await api.get(`/api/v1/cameras?${wanted}`);
    parts.push(...page.features.map((one) => JSON.stringify(one)));
    count += page.features.length;
    if (!going(count)) return null;
    cursor = page.next_cursor;
  } while (cursor !== null);
  const text = `{"type":"FeatureCollection","features":[${parts.join(',\n')}]}`;
  return new Blob([text], { type: 'application/geo+json' });
}

export function cameraPath(id: string): string {
  return `/api/v1/cameras/${encodeURIComponent(id)}`;
}

export async function listUnits(api: Api): Promise<readonly Unit[]> {
  return (await api.get<{ items: Unit[] }>('/api/v1/units')).items;
}

export function saveCamera(api: Api, before: Camera | null, body: object): Promise<Camera> {
  return before === null
    ? api.send('POST', '/api/v1/cameras', body)
    : api.send('PATCH', cameraPath(before.id), body);
}

export function removeCamera(api: Api, id: string): Promise<void> {
  return api.send('DELETE', cameraPath(id));
}
