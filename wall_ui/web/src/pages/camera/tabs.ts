import type { Component } from 'svelte';

import type { Action, Camera } from '../../api/types';
import type { PageProps } from '../../shell/pages';
import type { t } from './words';

/** What each part of the camera page is given. `refresh` reads the camera again. */
export interface TabProps extends PageProps {
  camera: Camera;
  refresh: () => Promise<void>;
}

export interface Tab {
  /** Last part of the address; the first tab has none. */
  readonly name: string;
  readonly title: Parameters<typeof t>[0];
  readonly needs: readonly Action[];
  readonly load: () => Promise<{ default: Component<TabProps> }>;
}

/** The parts of the camera page, one line each; loaded when opened. */
// prettier-ignore
export const TABS: readonly Tab[] = [
  { name: '', title: 'tab.overview', needs: [], load: () => import('./Overview.svelte') },
  { name: 'counts', title: 'tab.counts', needs: ['event.view'], load: () => import('./counts/CountsTab.svelte') },
  { name: 'quality', title: 'tab.quality', needs: [], load: () => import('./QualityTab.svelte') },
  { name: 'health', title: 'tab.health', needs: ['camera.view'], load: () => import('../health/HealthTab.svelte') },
  { name: 'rules', title: 'tab.rules', needs: ['camera.view'], load: () => import('./rules/RulesTab.svelte') },
  { name: 'privacy', title: 'tab.privacy', needs: ['camera.view'], load: () => import('../privacy/PrivacyTab.svelte') },
  { name: 'versions', title: 'tab.versions', needs: ['camera.view'], load: () => import('../versions/VersionsTab.svelte') },
];
