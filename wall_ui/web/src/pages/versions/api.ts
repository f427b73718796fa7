import type { Api } from '../../api/client';
import type { components } from '../../api/schema';
import { cameraPath } from '../cameras/api';

type Schemas = components['schemas'];
export type Version = Schemas['VersionShape'];
export type VersionPage = Schemas['VersionPage'];
export type CameraVersion = Schemas['CameraVersion'];

export function listVersions(api: Api, id: string, cursor: string): Promise<VersionPage> {
  const query = new URLSearchParams({ limit: '30' });
  if (cursor !== '') query.set('cursor', cursor);
  return api.get(`${cameraPath(id)}/versions?${query}`);
}

export function getVersion(api: Api, id: string, version: number): Promise<CameraVersion> {
  return api.get(`${cameraPath(id)}/versions/${version}`);
}
