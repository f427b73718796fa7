import type { Component } from 'svelte';

import type { Api } from '../api/client';
import type { Action, Config, Session } from '../api/types';
import type { Key } from '../i18n/vi';
import type { IconName } from '../ui/icons';

/** What every page is given. `params` are the named parts of its address, decoded. */
export interface PageProps {
  api: Api;
  config: Config;
  session: Session;
  params: Readonly<Record<string, string>>;
}

export interface Page {
  /** Hash path; a part that begins with a colon takes anything: `/cameras/:id`. */
  readonly path: string;
  readonly title: Key;
  /** Null for a page that stands in no menu: one gets there from another page. */
  readonly icon: IconName | null;
  /** Any one of these actions opens the page; none at all: every account may. */
  readonly needs: readonly Action[];
  readonly load: () => Promise<{ default: Component<PageProps> }>;
}

function page(
  path: string,
  title: Key,
  icon: IconName | null,
  needs: readonly Action[],
  load: Page['load'],
): Page {
  return { path, title, icon, needs, load };
}

export const WALL = '/wall';

/**
 * All pages but the wall, in the order of the menu: one line each. A page is a component with
 * `PageProps`, loaded when it is first opened.
 */
// prettier-ignore
export const PAGES: readonly Page[] = [
  page('/cameras', 'page.cameras', 'camera', ['camera.view'], () => import('../pages/cameras/CameraList.svelte')),
  page('/cameras/:id', 'page.camera', null, ['camera.view'], () => import('../pages/camera/CameraPage.svelte')),
  page('/cameras/:id/:tab', 'page.camera', null, ['camera.view'], () => import('../pages/camera/CameraPage.svelte')),
  page('/groups', 'page.groups', 'group', ['camera.view'], () => import('../pages/groups/GroupsPage.svelte')),
  page('/groups/:id', 'page.groups', null, ['camera.view'], () => import('../pages/groups/GroupPage.svelte')),
  page('/bulk', 'page.bulk', 'edits', ['camera.manage'], () => import('../pages/bulk/EditsPage.svelte')),
  page('/bulk/new', 'page.bulk', null, ['camera.manage'], () => import('../pages/bulk/NewEditPage.svelte')),
  page('/bulk/:id', 'page.bulk', null, ['camera.manage'], () => import('../pages/bulk/EditPage.svelte')),
  page('/map', 'page.map', 'map', ['camera.view'], () => import('../pages/map/MapPage.svelte')),
  page('/health', 'page.health', 'pulse', ['camera.view'], () => import('../pages/health/HealthPage.svelte')),
  page('/discovery', 'page.discovery', 'radar', ['camera.manage'], () => import('../pages/devices/DiscoveryPage.svelte')),
  page('/credentials', 'page.credentials', 'lock', ['camera.manage'], () => import('../pages/credentials/CredentialsPage.svelte')),
  page('/passwords', 'page.passwords', null, ['camera.manage'], () => import('../pages/passwords/PasswordsPage.svelte')),
  page('/passwords/:id', 'page.passwords', null, ['camera.manage'], () => import('../pages/passwords/ChangePage.svelte')),
  page('/import', 'page.import', 'upload', ['camera.manage'], () => import('../pages/imports/ImportsPage.svelte')),
  page('/import/:id', 'page.import', null, ['camera.manage'], () => import('../pages/imports/ImportPage.svelte')),
  page('/quality', 'page.quality', 'chart', ['camera.view'], () => import('../pages/quality/QualityPage.svelte')),
  page('/quality/cameras', 'page.quality', null, ['camera.view'], () => import('../pages/quality/FixListPage.svelte')),
  page('/models', 'page.models', 'cube', ['system.view'], () => import('../pages/models/ModelsPage.svelte')),
  page('/users', 'page.users', 'users', ['user.manage'], () => import('../pages/access/UsersPage.svelte')),
  page('/tokens', 'page.tokens', 'key', ['token.manage'], () => import('../pages/access/TokensPage.svelte')),
  page('/access-log', 'page.access_log', 'list', ['audit.view'], () => import('../pages/access/AccessLogPage.svelte')),
  page('/account', 'page.account', 'user', [], () => import('../pages/access/AccountPage.svelte')),
];
