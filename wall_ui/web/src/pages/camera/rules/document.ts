/** The rule document as the API has it (analytics/rulebook/rules.schema.json), and how the page edits it. */
import type { Point } from '../drawing/geometry';

export type { Point };

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

export interface Zone {
  readonly id: string;
  readonly points: readonly Point[];
}

export interface Line {
  readonly id: string;
  readonly a: Point;
  readonly b: Point;
}

export interface Window {
  readonly days: readonly Day[];
  readonly start: string;
  readonly end: string;
}

export interface Schedule {
  readonly windows: readonly Window[];
}

export interface Rule {
  readonly kind: string;
  readonly id: string;
  readonly version?: number;
  readonly zone?: Zone;
  readonly line?: Line;
  readonly allowed?: Line;
  readonly schedule?: Schedule | null;
  readonly [field: string]: unknown;
}

export interface RuleDocument {
  readonly rules: readonly Rule[];
  readonly time_zone?: string;
  readonly format?: number;
}

/** The figures of a rule that are drawn: the names of its fields. */
export type Figure = 'zone' | 'line' | 'allowed';
export const FIGURES: readonly Figure[] = ['zone', 'line', 'allowed'];

export const WHOLE: readonly Point[] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
const MIDDLE: readonly Point[] = [
  [0.3, 0.4],
  [0.7, 0.4],
  [0.7, 0.8],
  [0.3, 0.8],
];

export function isWhole(points: readonly Point[]): boolean {
  return JSON.stringify(points) === JSON.stringify(WHOLE);
}

export function figuresOf(rule: Rule): readonly Figure[] {
  return FIGURES.filter((figure) => rule[figure] !== undefined && rule[figure] !== null);
}

export function pointsOf(rule: Rule, figure: Figure): readonly Point[] {
  if (figure === 'zone') return rule.zone?.points ?? [];
  const line = rule[figure];
  return line === undefined ? [] : [line.a, line.b];
}

/** The rule with another figure; a figure keeps its id, one that was the whole picture gets one. */
export function withPoints(rule: Rule, figure: Figure, points: readonly Point[]): Rule {
  if (figure === 'zone') {
    const whole = isWhole(points);
    const before = rule.zone?.id ?? '';
    const id = whole ? 'picture' : before === '' || before === 'picture' ? rule.id : before;
    return { ...rule, zone: { id, points } };
  }
  const [a, b] = points;
  if (a === undefined || b === undefined) return rule;
  return { ...rule, [figure]: { id: rule[figure]?.id ?? rule.id, a, b } };
}

/** A new rule of a kind: the schema's defaults hold for all that is not said here. */
export function newRule(kind: string, figures: readonly Figure[], taken: readonly string[]): Rule {
  const stem = kind.replaceAll('_', '-');
  let number = 1;
  while (taken.includes(`${stem}-${number}`)) number += 1;
  const id = `${stem}-${number}`;
  let rule: Rule = { kind, id };
  if (figures.includes('zone')) rule = withPoints(rule, 'zone', MIDDLE);
  if (figures.includes('line')) {
    rule = withPoints(rule, 'line', [
      [0.2, 0.6],
      [0.8, 0.6],
    ]);
  }
  if (figures.includes('allowed')) {
    rule = withPoints(rule, 'allowed', [
      [0.5, 0.75],
      [0.5, 0.45],
    ]);
  }
  // The default cool-down is for the whole picture of a busy street; a drawn zone speaks each time.
  return kind === 'zone_enter' || kind === 'zone_leave' ? { ...rule, cool_down_s: 0 } : rule;
}

export function replaced(document: RuleDocument, index: number, rule: Rule): RuleDocument {
  return { ...document, rules: document.rules.map((one, at) => (at === index ? rule : one)) };
}

export function without(document: RuleDocument, index: number): RuleDocument {
  return { ...document, rules: document.rules.filter((_, at) => at !== index) };
}

export function added(document: RuleDocument, rule: Rule): RuleDocument {
  return { ...document, rules: [...document.rules, rule] };
}
