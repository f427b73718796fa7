import { describe, expect, it } from 'vitest';

import type { Page } from '../src/shell/pages';
import { isWithin, mayOpen, menuOf, pathOf, queryOf, routeOf } from '../src/shell/route';

const load = () => Promise.reject(new Error('never loaded here'));
const page = (path: string, needs: Page['needs'], icon: Page['icon'] = 'camera'): Page => ({
  path,
  title: 'page.cameras',
  icon,
  needs,
  load,
});
const LIST = page('/cameras', ['camera.view']);
const ONE = page('/cameras/:id', ['camera.view'], null);
const USERS = page('/users', ['user.manage', 'token.manage']);
const ACCOUNT = page('/account', []);
const PAGES = [LIST, ONE, USERS, ACCOUNT];
const WATCH = ['camera.view', 'live.view'];

describe('routeOf', () => {
  it.each(['', '#', '#/', '#/wall', '#/wall/'])('%j is the wall', (hash) => {
    expect(routeOf(hash, PAGES, []).kind).toBe('wall');
  });

  it('finds pages and the named parts of their address', () => {
    expect(routeOf('#/cameras', PAGES, WATCH)).toEqual({ kind: 'page', page: LIST, params: {} });
    expect(routeOf('#/cameras/c%C3%B4ng%2F7?tab=x', PAGES, WATCH)).toEqual({
      kind: 'page',
      page: ONE,
      params: { id: 'công/7' },
    });
  });

  it('tells a page that the account may not open from one that is not there', () => {
    expect(routeOf('#/users', PAGES, WATCH).kind).toBe('forbidden');
    for (const hash of ['#/nothing', '#/cameras/1/2/3', '#/cameras/%E0%A4%A', '#/cameras//']) {
      expect(['unknown', 'page']).toContain(routeOf(hash, PAGES, WATCH).kind);
    }
    expect(routeOf('#/nothing', PAGES, WATCH).kind).toBe('unknown');
    expect(routeOf('#/cameras/%E0%A4%A', PAGES, WATCH).kind).toBe('unknown');
  });
});

describe('the menu', () => {
  it('shows what the account may open, and no page that is reached from another', () => {
    expect(menuOf(PAGES, WATCH)).toEqual([LIST, ACCOUNT]);
    expect(menuOf(PAGES, ['token.manage'])).toEqual([USERS, ACCOUNT]);
    expect(mayOpen(ACCOUNT, [])).toBe(true);
  });

  it('marks a page for what is under it as well', () => {
    expect(isWithin(LIST, '/cameras/7')).toBe(true);
    expect(isWithin(LIST, '/camerasque')).toBe(false);
  });
});

it('parts an address from its query', () => {
  expect(pathOf('#/cameras/7/?x=1')).toBe('/cameras/7');
  expect(queryOf('#/cameras?unit=26743&q=c%E1%BB%95ng').get('q')).toBe('cổng');
  expect([...queryOf('#/cameras')]).toEqual([]);
});
