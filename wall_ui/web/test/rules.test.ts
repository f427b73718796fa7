import { describe, expect, it } from 'vitest';

import {
  added,
  isWhole,
  newRule,
  pointsOf,
  replaced,
  WHOLE,
  withPoints,
  without,
  type Point,
  type RuleDocument,
} from '../src/pages/camera/rules/document';
import {
  crossesItself,
  inserted,
  moved,
  nudgeOf,
  placed,
  removed,
  rightOf,
  shifted,
} from '../src/pages/camera/drawing/geometry';
import { History } from '../src/pages/camera/drawing/history';
import { readNumber, writeNumber } from '../src/ui/numbers';
import {
  faultsOf,
  fieldsOf,
  figuresOfKind,
  kindsOf,
  mostRules,
  placeOf,
  type Schema,
} from '../src/pages/camera/rules/schema';
import { t } from '../src/pages/camera/words';
import file from '../../../analytics/rulebook/rules.schema.json';

const schema = file as unknown as Schema;
const KINDS = [
  'zone_enter',
  'zone_leave',
  'line_cross',
  'dwell',
  'queue',
  'crowd',
  'stopped',
  'wrong_way',
  'left_object',
  'tamper',
];
const SQUARE: readonly Point[] = [
  [0.2, 0.2],
  [0.6, 0.2],
  [0.6, 0.6],
  [0.2, 0.6],
];

describe('the schema of the hub', () => {
  it('has all ten kinds, in its own order', () => {
    expect(kindsOf(schema)).toEqual(KINDS);
    expect(mostRules(schema)).toBe(32);
  });

  it.each(KINDS)('%s: every field has a form and words', (kind) => {
    const known = schema.$defs['Rulebook']?.properties?.['rules']?.items?.discriminator?.mapping;
    const name = (known?.[kind] ?? '').replace('#/$defs/', '');
    const own = ['id', 'kind', 'version', 'schedule', 'zone', 'line', 'allowed'];
    const properties = Object.keys(schema.$defs[name]?.properties ?? {});
    const fields = fieldsOf(schema, kind);
    expect([...fields.map((field) => field.name), ...own].sort()).toEqual(
      [...new Set([...properties, ...own])].sort(),
    );
    const bare = fields.filter(
      (field) => !t.has(`field.${field.name}`) && !t.has(`field.${kind}.${field.name}`),
    );
    expect(bare).toEqual([]);
    expect(t.has(`kind.${kind}`) && t.has(`about.${kind}`)).toBe(true);
  });

  it.each(KINDS)('a new %s can be saved as it is', (kind) => {
    const rule = newRule(kind, figuresOfKind(schema, kind), []);
    expect(faultsOf(schema, { rules: [rule] })).toEqual([]);
  });

  it('says shares in percent and times in seconds', () => {
    const [size, score, after, tolerance] = [
      ['zone_enter', 'min_size'],
      ['zone_enter', 'min_score'],
      ['dwell', 'after_s'],
      ['wrong_way', 'tolerance'],
    ].map(([kind = '', name]) => fieldsOf(schema, kind).find((field) => field.name === name)?.unit);
    expect([size, score, after, tolerance]).toEqual(['%', '%', 's', '°']);
  });
});

describe('faults', () => {
  const rule = newRule('dwell', ['zone'], []);

  it('are found at their fields', () => {
    const rules = [
      { ...rule, after_s: NaN, margin: 0.7 },
      { ...rule, id: 'Điểm 1' },
      {
        ...rule,
        zone: {
          id: 'z',
          points: [
            [0, 0],
            [1, 1],
            [1, 0],
            [0, 1],
          ] as Point[],
        },
      },
      { ...rule, id: 'x', schedule: { windows: [{ days: [], start: '7:00', end: '24:00' }] } },
    ];
    const found = faultsOf(schema, { rules }).map(({ rule: at, field, fault }) => [
      at,
      field,
      fault,
    ]);
    expect(found).toEqual(
      [
        [0, 'id', 'twice'],
        [0, 'after_s', 'range'],
        [0, 'margin', 'range'],
        [1, 'id', 'id'],
        [2, 'id', 'twice'],
        [2, 'zone', 'crossed'],
        [3, 'schedule', 'schedule'],
      ].sort((a, b) => Number(a[0]) - Number(b[0])),
    );
  });

  it('of the hub are led back to the field that they speak of', () => {
    const document: RuleDocument = {
      rules: [rule, { ...newRule('line_cross', ['line'], []), id: 'gate' }],
    };
    expect(placeOf('Expected `float` <= 0.5 - at `$.rules[1].margin`', document)).toEqual({
      rule: 1,
      field: 'margin',
    });
    expect(placeOf('… - at $.rules[0].zone.points[2][1]', document)).toEqual({
      rule: 0,
      field: 'zone',
    });
    expect(placeOf('rule gate: min_size is out of range', document)).toEqual({
      rule: 1,
      field: 'min_size',
    });
    expect(placeOf('line line-cross-1 has no length', document)).toEqual({
      rule: 1,
      field: 'line',
    });
    expect(placeOf('quy tắc gate: min_size nằm ngoài khoảng cho phép', document)).toEqual({
      rule: 1,
      field: 'min_size',
    });
    expect(placeOf('vạch line-cross-1 không có độ dài', document)).toEqual({
      rule: 1,
      field: 'line',
    });
    expect(placeOf('two rules of a camera have the same id', document)).toBeNull();
  });
});

describe('figures', () => {
  it('stay within the picture', () => {
    expect(placed(-3, 1.23456)).toEqual([0, 1]);
    expect(moved(SQUARE, 1, [2, -1])[1]).toEqual([1, 0]);
    expect(shifted(SQUARE, 0.9, -0.9)).toEqual([
      [0.6, 0],
      [1, 0],
      [1, 0.4],
      [0.6, 0.4],
    ]);
  });

  it('gain and lose points, and a polygon keeps three', () => {
    const more = inserted(SQUARE, 3);
    expect(more.at(-1)).toEqual([0.2, 0.4]);
    expect(removed(more, 4)).toEqual(SQUARE);
    const three = removed(SQUARE, 0);
    expect(removed(three, 0)).toBe(three);
    const many = Array.from({ length: 64 }, (_, n) => placed(n / 64, 0.5));
    expect(inserted(many, 0)).toBe(many);
  });

  it('know whether their sides cross', () => {
    expect(crossesItself(SQUARE)).toBe(false);
    const [a, b, c, d] = SQUARE as [Point, Point, Point, Point];
    expect(crossesItself([a, c, b, d])).toBe(true);
  });

  it('have their right where the rules have it', () => {
    // looking east with y downwards, the right is the south
    expect(rightOf([0.1, 0.5], [0.9, 0.5], 1600, 900)).toEqual([-0, 1]);
    expect(rightOf([0.5, 0.9], [0.5, 0.1], 1600, 900)).toEqual([1, 0]);
  });

  it('move by keys, ten times as far with Shift', () => {
    expect(nudgeOf({ key: 'ArrowUp', shiftKey: false })).toEqual([0, -0.005]);
    expect(nudgeOf({ key: 'ArrowRight', shiftKey: true })).toEqual([0.05, 0]);
    expect(nudgeOf({ key: 'a', shiftKey: false })).toBeNull();
  });
});

describe('a document', () => {
  it('is changed without touching what was there', () => {
    const first = newRule('zone_enter', ['zone'], []);
    const second = newRule('zone_enter', ['zone'], [first.id]);
    expect([first.id, second.id, first['cool_down_s']]).toEqual([
      'zone-enter-1',
      'zone-enter-2',
      0,
    ]);
    const document = added(added({ rules: [] }, first), second);
    const changed = replaced(document, 0, { ...first, id: 'a' });
    expect(document.rules[0]).toBe(first);
    expect(without(changed, 1).rules.map(({ id }) => id)).toEqual(['a']);
  });

  it('names a zone for the whole picture, and gives a drawn one a name of its own', () => {
    const whole = withPoints(newRule('dwell', ['zone'], []), 'zone', WHOLE);
    expect([whole.zone?.id, isWhole(pointsOf(whole, 'zone'))]).toEqual(['picture', true]);
    expect(withPoints(whole, 'zone', SQUARE).zone?.id).toBe('dwell-1');
    const line = withPoints(newRule('wrong_way', ['zone', 'allowed'], []), 'allowed', [
      [0, 0],
      [1, 1],
    ]);
    expect(line.allowed).toEqual({ id: 'wrong-way-1', a: [0, 0], b: [1, 1] });
  });

  it('goes back and forth through its steps, and forgets the future after a new one', () => {
    const history = new History(0, 3);
    [1, 2, 3, 4].forEach((n) => history.commit(n));
    history.preview(9);
    expect(history.present).toBe(9);
    history.undo();
    expect(history.present).toBe(3);
    history.undo();
    history.redo();
    expect([history.present, history.canRedo]).toEqual([3, true]);
    history.commit(7);
    expect([history.present, history.canRedo]).toEqual([7, false]);
    for (let n = 0; n < 9; n += 1) history.undo();
    expect([history.present, history.canUndo]).toEqual([1, false]); // three steps are kept
  });
});

it('reads and writes numbers as people do', () => {
  expect(['0,5', ' 12 ', '', 'x'].map(readNumber)).toEqual([0.5, 12, NaN, NaN]);
  expect([writeNumber(0.03, 100), writeNumber(0.0004, 100), writeNumber(NaN)]).toEqual([
    '3',
    '0.04',
    '',
  ]);
});
