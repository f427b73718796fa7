import { LANGUAGES, translate, type Language, type Values } from './format';
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
