import type { Action } from '../api/types';
import { WALL, type Page } from './pages';

/** Where an address leads. `forbidden`: there is such a page, but not for this account. */
export type Route =
  | { kind: 'wall' }
  | { kind: 'page'; page: Page; params: Readonly<Record<string, string>> }
  | { kind: 'forbidden'; page: Page }
  | { kind: 'unknown' };

/** The path in a hash, without its query: `#/cameras/7?tab=x` gives `/cameras/7`. */
export function pathOf(hash: string): string {
  const path = hash.replace(/^#/, '').split('?', 1)[0] ?? '';
  return path === '' || path === '/' ? WALL : path.replace(/\/+$/, '');
}

/** The query behind a hash path. */
export function queryOf(hash: string): URLSearchParams {
  const at = hash.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : hash.slice(at + 1));
}

export function mayOpen(page: Page, actions: readonly string[]): boolean {
  return page.needs.length === 0 || page.needs.some((action: Action) => actions.includes(action));
}

export function routeOf(hash: string, pages: readonly Page[], actions: readonly string[]): Route {
  const path = pathOf(hash);
  if (path === WALL) return { kind: 'wall' };
  for (const page of pages) {
    const params = match(page.path, path);
    if (params === null) continue;
    return mayOpen(page, actions) ? { kind: 'page', page, params } : { kind: 'forbidden', page };
  }
  return { kind: 'unknown' };
}

/** What stands in the menu for an account. */
export function menuOf(pages: readonly Page[], actions: readonly string[]): readonly Page[] {
  return pages.filter((page) => page.icon !== null && mayOpen(page, actions));
}

/** Whether a menu entry is that of the page that is open: `/cameras` for `/cameras/7` as well. */
export function isWithin(page: Page, path: string): boolean {
  return path === page.path || path.startsWith(`${page.path}/`);
}

function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = decoded(given[index] ?? '');
    if (value === null || value === '') {
      if (part !== '') return null;
    } else if (part.startsWith(':')) params[part.slice(1)] = value;
    else if (part !== value) return null;
  }
  return params;
}

function decoded(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null; // a broken escape is no address of ours
  }
}
