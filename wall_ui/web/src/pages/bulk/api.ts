import type { Api } from '../../api/client';
import type { components } from '../../api/schema';

type Schemas = components['schemas'];
export type Edit = Schemas['EditShape'];
export type EditPage = Schemas['EditPage'];
export type Line = Schemas['LineShape'];
export type LinePage = Schemas['LinePage'];
export type LineState = Schemas['LineState'];

export const WORK: readonly Edit['state'][] = ['checking', 'applying', 'undoing'];

export function editPath(id: string, rest = ''): string {
  return `/api/v1/camera-edits/${encodeURIComponent(id)}${rest}`;
}

export function listEdits(api: Api, cursor: string): Promise<EditPage> {
  const query = new URLSearchParams({ limit: '30' });
  if (cursor !== '') query.set('cursor', cursor);
  return api.get(`/api/v1/camera-edits?${query}`);
}

/** Have a change looked at, for the cameras that the filters mean, or for some of them. */
export function createEdit(
  api: Api,
  filters: URLSearchParams,
  ids: readonly string[] | null,
  change: object,
): Promise<Edit> {
  return api.send('POST', `/api/v1/camera-edits?${filters}`, { change, ids });
}

export function listLines(
  api: Api,
  id: string,
  state: LineState | '',
  cursor: string,
): Promise<LinePage> {
  const query = new URLSearchParams({ limit: '50' });
  if (state !== '') query.set('state', state);
  if (cursor !== '') query.set('cursor', cursor);
  return api.get(editPath(id, `/cameras?${query}`));
}
