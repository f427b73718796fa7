import type { Api } from '../../api/client';
import type { Camera, EventPage } from '../../api/types';
import type { components } from '../../api/schema';
import { cameraPath } from '../cameras/api';
import type { RuleDocument } from './rules/document';
import type { Schema } from './rules/schema';

export type Count = components['schemas']['CountShape'];
export type Step = 'minute' | 'hour' | 'day';

export interface StoredRules {
  version: number;
  default: boolean;
  document: RuleDocument;
}

export function getCamera(api: Api, id: string): Promise<Camera> {
  return api.get(cameraPath(id));
}

export function recentEvents(api: Api, id: string, limit: number): Promise<EventPage> {
  return api.get(`/api/v1/events?camera=${encodeURIComponent(id)}&limit=${limit}`);
}

export async function counts(
  api: Api,
  id: string,
  step: Step,
  since: Date,
  until: Date,
): Promise<readonly Count[]> {
  const query = new URLSearchParams({
    step,
    since: since.toISOString(),
    until: until.toISOString(),
  });
  return (await api.get<{ items: Count[] }>(`${cameraPath(id)}/counts?${query}`)).items;
}

export function getRules(api: Api, id: string): Promise<StoredRules> {
  return api.get(`${cameraPath(id)}/rules`);
}

/** Write the rules; null gives the camera the default rules back. 412 where somebody was faster. */
export function putRules(
  api: Api,
  id: string,
  version: number,
  document: RuleDocument | null,
): Promise<StoredRules> {
  return api.send('PUT', `${cameraPath(id)}/rules`, { version, document });
}

export function rulesSchema(api: Api): Promise<Schema> {
  return api.get('/api/v1/rules/schema');
}

export function snapshotUrl(id: string, nonce: number): string {
  return `${cameraPath(id)}/snapshot?n=${nonce}`;
}
