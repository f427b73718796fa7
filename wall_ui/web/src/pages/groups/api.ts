import type { Api } from '../../api/client';
import type { components } from '../../api/schema';
import { cameraPath } from '../cameras/api';

type Schemas = components['schemas'];
export type Group = Schemas['GroupShape'];
export type GroupPage = Schemas['GroupPage'];
export type AccountPage = Schemas['AccountPage'];
export type TokenPage = Schemas['TokenPage'];

export const CITY = '*';

export function groupPath(id: string): string {
  return `/api/v1/camera-groups/${encodeURIComponent(id)}`;
}

export function pageOfGroups(api: Api, cursor: string): Promise<GroupPage> {
  const query = new URLSearchParams({ limit: '50' });
  if (cursor !== '') query.set('cursor', cursor);
  return api.get(`/api/v1/camera-groups?${query}`);
}

export function createGroup(api: Api, name: string, unit: string): Promise<Group> {
  return api.send('POST', '/api/v1/camera-groups', { name, unit_code: unit });
}

export function setMember(api: Api, id: string, camera: string, belongs: boolean): Promise<void> {
  const path = cameraPath(camera).replace('/api/v1', groupPath(id));
  return api.send(belongs ? 'PUT' : 'DELETE', path);
}

/** Accounts whose rights name a group: the first hundred. */
export function usersOf(api: Api, id: string): Promise<AccountPage> {
  return api.get(`/api/v1/users?limit=100&group=${encodeURIComponent(id)}`);
}

/** Tokens whose rights name a group: the first hundred. */
export function tokensOf(api: Api, id: string): Promise<TokenPage> {
  return api.get(`/api/v1/tokens?limit=100&group=${encodeURIComponent(id)}`);
}
