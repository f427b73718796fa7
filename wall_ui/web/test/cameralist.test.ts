import { describe, expect, it } from 'vitest';

import {
  COLUMNS,
  FIRST,
  moved,
  readColumns,
  toggled,
  writeColumns,
} from '../src/pages/cameras/columns';
import { readFilters, writeFilters } from '../src/pages/cameras/filters';

describe('filters', () => {
  it('come back from the address as they were set', () => {
    const query = new URLSearchParams(
      'q=Thu+Duc&unit=26740&class=gate&state=offline&tag=a&enabled=true&bbox=1,2,3,4',
    );
    expect(writeFilters(readFilters(query)).toString()).toBe(query.toString());
  });

  it('ask nothing where nothing is set', () => {
    expect(writeFilters(readFilters(new URLSearchParams())).size).toBe(0);
    expect(writeFilters({ ...readFilters(new URLSearchParams()), q: '  ' }).size).toBe(0);
  });

  it('leave out what nobody could choose', () => {
    const read = readFilters(new URLSearchParams('class=spaceship&state=x&enabled=maybe&other=1'));
    expect(writeFilters(read).size).toBe(0);
  });
});

describe('columns', () => {
  it('come back in their order', () => {
    expect(readColumns(writeColumns(['state', 'name', 'owner']))).toEqual([
      'state',
      'name',
      'owner',
    ]);
  });

  it.each([null, '', 'unit,state', 'nothing'])('are the first ones for %j', (kept) => {
    expect(readColumns(kept)).toEqual(FIRST);
  });

  it('drop names that are unknown or twice', () => {
    expect(readColumns('name,ghost,unit,unit')).toEqual(['name', 'unit']);
  });

  it('are put in at the end and taken out, but never the name', () => {
    expect(toggled(['name', 'unit'], 'owner')).toEqual(['name', 'unit', 'owner']);
    expect(toggled(['name', 'unit'], 'unit')).toEqual(['name']);
    expect(toggled(['name'], 'name')).toEqual(['name']);
  });

  it('move by one and stay at the ends', () => {
    expect(moved(['name', 'unit', 'state'], 'unit', 1)).toEqual(['name', 'state', 'unit']);
    expect(moved(['name', 'unit'], 'name', -1)).toEqual(['name', 'unit']);
    expect(moved(['name', 'unit'], 'unit', 1)).toEqual(['name', 'unit']);
    expect(moved(['name'], 'owner', 1)).toEqual(['name']);
  });

  it('are each there once', () => {
    expect(new Set(COLUMNS).size).toBe(COLUMNS.length);
  });
});
