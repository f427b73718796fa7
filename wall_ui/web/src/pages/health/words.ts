import { decimal } from '../../i18n/format';
import { language, words } from '../../i18n/index.svelte';
import { en } from './words.en';
import { vi } from './words.vi';

export const t = words(vi, en);

/** Words for a state of the history; one that we have no words for is shown as it is. */
export function stateWords(state: string): string {
  const key = `state.${state}`;
  return t.has(key) ? t(key) : state;
}

export function shareWords(share: number | null): string {
  return share === null ? t('uptime.none') : `${decimal(language.current, share * 100, 2)} %`;
}
