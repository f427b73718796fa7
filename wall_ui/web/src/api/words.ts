import { isKey } from '../i18n/format';
import { t } from '../i18n/index.svelte';
import { ApiError } from './client';

/** Words for a call that failed: our own, or the server's, which come in the chosen language. */
export function errorWords(cause: unknown): string {
  if (!(cause instanceof ApiError)) throw cause;
  if (cause.status === 0) return t('error.network');
  if (cause.status === 429) return t('error.too_many');
  if (cause.status >= 500 || cause.detail === '')
    return t('error.server', { status: cause.status });
  return [named(cause.detail), cause.hint].filter((part) => part !== '').join(' – ');
}

/** The field that a refusal begins with, as forms call it. */
function named(detail: string): string {
  const [, field = '', rest = ''] = /^([a-z_]+): (.+)$/s.exec(detail) ?? [];
  const key = `field.${field}`;
  return isKey(key) ? `${t(key)}: ${rest}` : detail;
}
