import { fieldName, valueWords, type Names } from '../fields/fields';
import type { Edit, Line } from './api';
import { t } from './words';

/** What an edit does, one part for each field. */
export function changeWords({ change }: Edit, names: Names): readonly string[] {
  return Object.entries(change).map(([name, value]) => {
    if (t.has(name)) {
      return `${t(name)}: ${valueWords(name.endsWith('groups') ? 'groups' : 'tags', value, names)}`;
    }
    return `${fieldName(name)}: ${valueWords(name, value, names)}`;
  });
}

/** Why a camera is refused or kept: known reasons in the reader's language, else as told. */
export function whyWords(line: Line): string {
  const key = `code.${line.code}`;
  return t.has(key) ? t(key) : line.message;
}
