import type { Api } from '../../api/client';
import type { Camera, CameraPage } from '../../api/types';
import type { components } from '../../api/schema';

export type Unit = components['schemas']['UnitShape'];

export interface CameraQuery {
  q: string;
  unit: string;
  /** 'true' for cameras with a weak password only, '' for all. */
  weak_credentials: string;
  cursor: string;
}

export const ROWS = 50;

export function listCameras(api: Api, query: CameraQuery): Promise<CameraPage> {
  const wanted = new URLSearchParams({ limit: String(ROWS) });
  for (const [name, value] of Object.entries(query)) if (value !== '') wanted.set(name, value);
  return api.get(`/api/v1/cameras?${wanted}`);
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
