import { decimal, isKey, span, translate, type Language } from '../i18n/format';

/** What made an event, in words: how long somebody waited, how many are there. */
export function measuredWords(
  language: Language,
  measured: Readonly<Record<string, number>> | null,
): [string, string][] {
  const known: [string, string][] = [];
  for (const [name, value] of Object.entries(measured ?? {})) {
    const key = `event.measured.${name}`;
    if (isKey(key)) known.push([translate(language, key), valueWords(language, name, value)]);
  }
  return known;
}

function valueWords(language: Language, name: string, value: number): string {
  if (name.endsWith('_s')) return span(language, value * 1000);
  return name === 'degrees' ? `${decimal(language, value, 0)}°` : decimal(language, value, 1);
}
