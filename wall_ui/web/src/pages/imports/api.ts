import type { Api } from '../../api/client';
import type { components } from '../../api/schema';

export type Import = components['schemas']['ImportShape'];
export type ImportPage = components['schemas']['ImportPage'];
export type ImportRow = components['schemas']['RowShape'];
export type RowPage = components['schemas']['RowPage'];
export type Column = components['schemas']['ColumnShape'];
export type RowFilter = 'wrong' | 'warned' | 'all';

const ROOT = '/api/v1/imports';
const ROWS = 50;

export function importPath(id: string, step = ''): string {
  return `${ROOT}/${encodeURIComponent(id)}${step}`;
}

export function upload(api: Api, file: File): Promise<Import> {
  return api.send('POST', `${ROOT}?${new URLSearchParams({ name: file.name })}`, file, {
    'Content-Type': 'application/octet-stream',
  });
}

export function listImports(api: Api, cursor: string): Promise<ImportPage> {
  const wanted = new URLSearchParams({ limit: '20' });
  if (cursor !== '') wanted.set('cursor', cursor);
  return api.get(`${ROOT}?${wanted}`);
}

export async function listColumns(api: Api): Promise<readonly Column[]> {
  return (await api.get<{ items: Column[] }>(`${ROOT}/columns`)).items;
}

export function listRows(
  api: Api,
  id: string,
  filter: RowFilter,
  cursor: string,
): Promise<RowPage> {
  const wanted = new URLSearchParams({ limit: String(ROWS) });
  if (filter === 'wrong') wanted.set('state', 'wrong');
  if (filter === 'warned') wanted.set('warned', 'true');
  if (cursor !== '') wanted.set('cursor', cursor);
  return api.get(`${importPath(id, '/rows')}?${wanted}`);
}

export function templatePath(format: 'xlsx' | 'csv', language: string): string {
  return `${ROOT}/template?${new URLSearchParams({ format, language })}`;
}

export function errorsPath(id: string, language: string): string {
  return `${importPath(id, '/errors')}?${new URLSearchParams({ format: 'xlsx', language })}`;
}
