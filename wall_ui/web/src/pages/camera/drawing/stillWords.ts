import { reasonWords } from '../../../i18n/format';
import { language } from '../../../i18n/index.svelte';
import { t } from '../words';
import type { Still } from './still.svelte';

/** Why there is no picture, or no new one, and whether one is waited for; '' where all is well. */
export function stillWords(still: Still, enabled: boolean): string {
  if (still.code === '') return '';
  if (!enabled) return t('still.disabled');
  const key = `still.${still.code}`;
  const reason = t.has(key) ? t(key) : reasonWords(language.current, still.code, still.words);
  return still.again ? t('still.again', { reason }) : reason;
}
