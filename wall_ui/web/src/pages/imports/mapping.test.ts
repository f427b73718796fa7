import { describe, expect, it } from 'vitest';

import type { Column } from './api';
import { assigned, missing } from './mapping';

const columns: Column[] = [
  { field: 'name', vi: 'Tên', en: 'Name', required: true },
  { field: 'url', vi: 'Địa chỉ', en: 'URL', required: true },
  { field: 'make', vi: 'Hãng', en: 'Make', required: false },
];

describe('mapping', () => {
  it('moves a field from one column to another', () => {
    expect(assigned({ '0': 'name', '1': 'url' }, 2, 'name')).toEqual({ '1': 'url', '2': 'name' });
  });
  it('forgets a column', () => {
    expect(assigned({ '0': 'name', '1': 'url' }, 0, '')).toEqual({ '1': 'url' });
  });
  it('names what is required and held by no column', () => {
    expect(missing({ '0': 'name', '5': 'make' }, columns).map((c) => c.field)).toEqual(['url']);
    expect(missing({ '0': 'name', '1': 'url' }, columns)).toEqual([]);
  });
});
