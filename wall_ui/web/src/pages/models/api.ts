import type { Api } from '../../api/client';
import type { components } from '../../api/schema';

export type Model = components['schemas']['ModelShape'];
export type ModelList = components['schemas']['ModelList'];
export type ModelJob = components['schemas']['ModelJobShape'];

const ROOT = '/api/v1/models';
const BYTES = { 'Content-Type': 'application/octet-stream' };

export function modelPath(name: string, step = ''): string {
  return `${ROOT}/${encodeURIComponent(name)}${step}`;
}

export function listModels(api: Api): Promise<ModelList> {
  return api.get(ROOT);
}

export function installModel(api: Api, name: string): Promise<ModelJob> {
  return api.send('POST', modelPath(name, '/install'));
}

export async function addModel(
  api: Api,
  file: File,
  manifest: object,
  replace: boolean,
): Promise<ModelJob> {
  const { upload } = await api.send<{ upload: string }>(
    'POST',
    '/api/v1/model-uploads',
    file,
    BYTES,
  );
  return api.send('POST', ROOT, { manifest, upload, replace });
}

export function tryModel(api: Api, name: string, media: File): Promise<ModelJob> {
  return api.send('POST', modelPath(name, '/test'), media, BYTES);
}

export function removeModel(api: Api, name: string): Promise<void> {
  return api.send('DELETE', modelPath(name));
}

export function chooseDefault(api: Api, name: string | null): Promise<ModelList> {
  return api.send('PUT', '/api/v1/model-default', { name });
}

export function jobPath(id: string, part = ''): string {
  return `/api/v1/model-jobs/${encodeURIComponent(id)}${part}`;
}
