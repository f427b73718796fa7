import { describe, expect, it } from 'vitest';

import { BULK_FIELDS, changeOf, emptyDraft } from '../src/pages/bulk/change';
import { chosen, MOST } from '../src/pages/bulk/chosen.svelte';
import { changeWords, whyWords } from '../src/pages/bulk/say';
import { fieldName } from '../src/pages/fields/fields';

const codeOf = (text: string) => (text === 'Bến Thành' ? '26743' : null);

describe('a change for many cameras', () => {
  it('holds what is ticked and nothing else', () => {
    const draft = emptyDraft();
    draft.values['owner'] = 'Phường';
    expect(changeOf(draft, codeOf)).toEqual({ change: {}, faults: [] });
    draft.ticked = ['unit_code', 'priority', 'enabled', 'sign_posted', 'checked_on', 'height_m'];
    Object.assign(draft.values, {
      unit_code: 'Bến Thành',
      priority: '7',
      enabled: 'false',
      sign_posted: '',
      checked_on: '2026-01-31',
      height_m: '4,5',
    });
    draft.add_tags = ' cổng, ,mới ';
    draft.remove_groups = ['g'];
    expect(changeOf(draft, codeOf)).toEqual({
      change: {
        unit_code: '26743',
        priority: 7,
        enabled: false,
        sign_posted: null,
        checked_on: '2026-01-31',
        height_m: 4.5,
        add_tags: ['cổng', 'mới'],
        remove_groups: ['g'],
      },
      faults: [],
    });
  });

  it('names what cannot be read', () => {
    const draft = emptyDraft();
    draft.ticked = ['unit_code', 'view_m', 'owner'];
    draft.values['view_m'] = 'far';
    expect(changeOf(draft, codeOf)).toEqual({
      change: { owner: '' },
      faults: ['unit_code', 'view_m'],
    });
  });

  it('has a name for every field, and is said in words', () => {
    for (const { name } of BULK_FIELDS) expect(fieldName(name)).not.toBe(name);
    const names = { unit: (code: string) => `P. ${code}`, group: (id: string) => `N. ${id}` };
    const change = { class: 'gate', unit_code: '1', add_tags: ['a', 'b'], remove_groups: ['g'] };
    expect(changeWords({ change } as never, names)).toEqual([
      'Loại camera: Cổng',
      'Đơn vị: P. 1',
      'Thêm nhãn: a, b',
      'Bỏ khỏi nhóm: N. g',
    ]);
    expect(whyWords({ code: 'stale', message: 'x' } as never)).not.toBe('x');
    expect(whyWords({ code: 'tags', message: 'tags: at most 20' } as never)).toBe(
      'tags: at most 20',
    );
  });
});

it('chooses no more cameras than the hub takes', () => {
  const many = Array.from({ length: MOST + 1 }, (_, n) => String(n));
  expect(chosen.only(many)).toBe(false);
  expect(chosen.ids.size).toBe(MOST);
  expect(chosen.set(['0'], true)).toBe(true);
  chosen.set(['0', '1'], false);
  expect(chosen.ids.has('1')).toBe(false);
  expect(chosen.only(['x'])).toBe(true);
  expect([...chosen.ids]).toEqual(['x']);
});
