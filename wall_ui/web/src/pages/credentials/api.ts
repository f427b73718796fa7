import type { Api } from '../../api/client';
import type { CameraPage } from '../../api/types';
import type { components } from '../../api/schema';

export type Credential = components['schemas']['CredentialShape'];
export type CredentialPage = components['schemas']['CredentialPage'];

const AT_MOST = 2000;

export function listCredentials(api: Api, cursor: string): Promise<CredentialPage> {
  const query = new URLSearchParams({ limit: '50' });
  if (cursor !== '') query.set('cursor', cursor);
  return api.get(`/api/v1/credentials?${query}`);
}

/** Every shared log-in that the reader manages, by name: for choosing one. */
export async function allCredentials(api: Api): Promise<readonly Credential[]> {
  const all: Credential[] = [];
  let cursor = '';
  do {
    const query = new URLSearchParams({ limit: '500' });
    if (cursor !== '') query.set('cursor', cursor);
    const page = await api.get<CredentialPage>(`/api/v1/credentials?${query}`);
    all.push(...page.items);
    cursor = page.next_cursor ?? '';
  } while (cursor !== '' && all.length < AT_MOST);
  return all;
}

export function saveCredential(
  api: Api,
  before: Credential | null,
  body: object,
): Promise<Credential> {
  return before === null
    ? api.send('POST', '/api/v1/credentials', body)
    : api.send('PATCH', credentialPath(before.id), { ...body, version: before.version });
}

export function removeCredential(api: Api, id: string): Promise<void> {
  return api.send('DELETE', credentialPath(id));
}

export function camerasOf(api: Api, id: string, cursor: string): Promise<CameraPage> {
  const query = new URLSearchParams({ credential: id, limit: '50' });
  if (cursor !== '') query.set('cursor', cursor);
  return api.get(`/api/v1/cameras?${query}`);
}

function credentialPath(id: string): string {
  return `/api/v1/credentials/${encodeURIComponent(id)}`;
}
