import { ApiError, type Api } from '../../api/client';
import type { components } from '../../api/schema';
import { errorWords } from '../../api/words';
import { language } from '../../i18n/index.svelte';
import { momentWords } from '../../i18n/format';
import { t } from './words';

type Schemas = components['schemas'];
export type Account = Schemas['AccountShape'];
export type AccountPage = Schemas['AccountPage'];
export type AccountPatch = Schemas['AccountPatch'];
export type Grant = Schemas['GrantShape'];
export type Role = Schemas['Role'];
export type SessionPage = Schemas['SessionPage'];
export type Token = Schemas['TokenShape'];
export type TokenPage = Schemas['TokenPage'];
export type NewToken = Schemas['NewTokenShape'];
export type Enrolment = Schemas['EnrolmentShape'];
export type LogPage = Schemas['AccessLogPage'];
export type LogEntry = Schemas['AccessEntry'];
export type Group = Schemas['GroupShape'];

export const ROLES: readonly Role[] = [
  'operator',
  'police_liaison',
  'engineer',
  'auditor',
  'administrator',
];
export const ALL = '*';
export const MIN_PASSWORD = 12;

const GROUPS_AT_MOST = 2000;

export function userPath(id: string): string {
  return `/api/v1/users/${encodeURIComponent(id)}`;
}

/** Sessions of an account, or of the own one. */
export function sessionsPath(id: string | null): string {
  return id === null ? '/api/v1/account/sessions' : `${userPath(id)}/sessions`;
}

/** Every camera group that the reader may know, by name. */
export async function listGroups(api: Api): Promise<readonly Group[]> {
  const all: Group[] = [];
  let cursor = '';
  do {
    const page = await api.get<{ items: Group[]; next_cursor?: string | null }>(
      `/api/v1/camera-groups?limit=500${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
    );
    all.push(...page.items);
    cursor = page.next_cursor ?? '';
  } while (cursor !== '' && all.length < GROUPS_AT_MOST);
  return all;
}

/** Words for a refusal of this room, in the reader's language. */
export function refusal(cause: unknown): string {
  const key = cause instanceof ApiError ? `error.${cause.code}` : '';
  return t.has(key) ? t(key) : errorWords(cause);
}

export function when(at: string, zone: string): string {
  return momentWords(language.current, at, zone);
}

/** "Chromium, Linux" of what a browser calls itself. */
export function deviceWords(agent: string): string {
  const browser =
    /Edg\//.exec(agent) !== null
      ? 'Edge'
      : (/(Firefox|Chrome|Safari|curl|python-httpx)/.exec(agent)?.[1] ?? '');
  const system = /(Windows|Android|iPhone|iPad|Mac OS X|Linux)/.exec(agent)?.[1] ?? '';
  const words = [browser, system].filter((part) => part !== '').join(', ');
  return words === '' ? agent.slice(0, 60) || t('sessions.unknown') : words;
}
