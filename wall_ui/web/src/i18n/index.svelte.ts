import { fill, LANGUAGES, translate, type Language, type Values } from './format';
import type { Key } from './vi';
import { recall, remember } from '../ui/remember';

function remembered(): Language | null {
  const value = recall('language');
  return LANGUAGES.find((language) => language === value) ?? null;
}

/** The chosen language. Components read it through `t`, so a switch redraws them. */
class LanguageChoice {
  current = $state<Language>(remembered() ?? 'vi');

  choose(language: Language): void {
    this.current = language;
    remember('language', language);
  }

  /** The server's default counts only where nobody has chosen yet. */
  offer(language: string): void {
    const known = LANGUAGES.find((one) => one === language);
    if (known !== undefined && remembered() === null) this.current = known;
  }
}

export const language = new LanguageChoice();

export function t(key: Key, values?: Values): string {
  return translate(language.current, key, values);
}

/** Words of one room of the application: they come with its pages, not with the wall. */
export interface Words<Vi extends Readonly<Record<string, string>>> {
  (key: keyof Vi & string, values?: Values): string;
  /** Whether a key made at run time has words. */
  has(key: string): key is keyof Vi & string;
  readonly catalogues: Readonly<Record<Language, Readonly<Record<string, string>>>>;
}

/** Make a room's `t`. English must have exactly the keys of Vietnamese: the type check sees to it. */
export function words<const Vi extends Readonly<Record<string, string>>>(
  vi: Vi,
  en: Readonly<Record<keyof Vi & string, string>>,
): Words<Vi> {
  const catalogues: Readonly<Record<Language, Readonly<Record<string, string>>>> = { vi, en };
  return Object.assign(
    (key: keyof Vi & string, values?: Values) =>
      fill(catalogues[language.current][key] ?? key, values),
    {
      has: (key: string): key is keyof Vi & string => Object.hasOwn(vi, key),
      catalogues,
    },
  );
}
