import { crossesItself } from '../drawing/geometry';
import type { Figure, Rule, RuleDocument, Schedule } from './document';
import { FIGURES } from './document';

/** The part of JSON Schema that the rule document uses. */
export interface Node {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly maxItems?: number;
  readonly discriminator?: { readonly mapping: Readonly<Record<string, string>> };
}

export interface Schema extends Node {
  readonly $defs: Readonly<Record<string, Node>>;
}

/** A field of a rule that a form can show. Figures and schedules have editors of their own. */
export interface FormField {
  readonly name: string;
  readonly form: 'number' | 'whole' | 'switch' | 'labels';
  readonly min: number;
  readonly max: number;
  readonly initial: unknown;
  /** Shown in percent: a share. */
  readonly percent: boolean;
  /** Said after the number. */
  readonly unit: 's' | '°' | '%' | '';
}

const OWN = new Set(['id', 'kind', 'version', 'schedule', ...FIGURES]);

/** The kinds of rules, in the order of the schema's list. */
export function kindsOf(schema: Schema): readonly string[] {
  const mapping = ruleNode(schema)?.discriminator?.mapping ?? {};
  const listed = ruleNode(schema)?.anyOf?.map((one) => one.$ref) ?? [];
  const kinds = Object.entries(mapping);
  return kinds.sort(([, a], [, b]) => listed.indexOf(a) - listed.indexOf(b)).map(([kind]) => kind);
}

export function mostRules(schema: Schema): number {
  return schema.$defs['Rulebook']?.properties?.['rules']?.maxItems ?? 32;
}

function ruleNode(schema: Schema): Node | undefined {
  return schema.$defs['Rulebook']?.properties?.['rules']?.items;
}

function nodeOf(schema: Schema, kind: string): Node | undefined {
  return follow(schema, { $ref: ruleNode(schema)?.discriminator?.mapping[kind] ?? '' });
}

function follow(schema: Schema, node: Node): Node | undefined {
  if (node.$ref === undefined) return node;
  return schema.$defs[node.$ref.replace('#/$defs/', '')];
}

/** The figures that a kind is drawn with. */
export function figuresOfKind(schema: Schema, kind: string): readonly Figure[] {
  const properties = nodeOf(schema, kind)?.properties ?? {};
  return FIGURES.filter((figure) => Object.hasOwn(properties, figure));
}

/** The other fields of a kind. */
export function fieldsOf(schema: Schema, kind: string): readonly FormField[] {
  return Object.entries(nodeOf(schema, kind)?.properties ?? {})
    .filter(([name]) => !OWN.has(name))
    .flatMap(([name, node]) => fieldOf(name, node) ?? []);
}

function fieldOf(name: string, node: Node): FormField | null {
  const initial = node.default;
  const plain = { name, min: 0, max: 0, initial, percent: false, unit: '' as const };
  if (node.type === 'boolean') return { ...plain, form: 'switch' };
  if (node.type === 'array') return { ...plain, form: 'labels', max: node.maxItems ?? 0 };
  if (node.type !== 'number' && node.type !== 'integer') return null;
  const [min, max] = [node.minimum ?? 0, node.maximum ?? Infinity];
  const percent = node.type === 'number' && max <= 1;
  return {
    name,
    form: node.type === 'integer' ? 'whole' : 'number',
    min,
    max,
    initial,
    percent,
    unit: percent ? '%' : name.endsWith('_s') ? 's' : name === 'tolerance' ? '°' : '',
  };
}

export function valueOf(rule: Rule, field: FormField): unknown {
  return rule[field.name] ?? field.initial;
}

/** A rule's field that cannot be as it is. `fault` is the key of the words for it. */
export interface Fault {
  /** Number of the rule, or -1 for the document. */
  readonly rule: number;
  readonly field: string;
  readonly fault: 'range' | 'id' | 'twice' | 'points' | 'crossed' | 'schedule' | 'many' | 'api';
  readonly values?: Readonly<Record<string, string | number>>;
}

const CLOCK = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

/** Find what the hub would refuse, as far as it can be known here. */
export function faultsOf(schema: Schema, document: RuleDocument): readonly Fault[] {
  const faults: Fault[] = [];
  if (document.rules.length > mostRules(schema)) {
    faults.push({ rule: -1, field: 'rules', fault: 'many', values: { n: mostRules(schema) } });
  }
  for (const [index, rule] of document.rules.entries()) {
    for (const fault of ruleFaults(schema, document, rule)) faults.push({ ...fault, rule: index });
  }
  return faults;
}

function ruleFaults(
  schema: Schema,
  document: RuleDocument,
  rule: Rule,
): readonly Omit<Fault, 'rule'>[] {
  const faults: Omit<Fault, 'rule'>[] = [];
  const form = nodeOf(schema, rule.kind)?.properties?.['id']?.pattern ?? '';
  if (!new RegExp(form).test(rule.id)) faults.push({ field: 'id', fault: 'id' });
  else if (document.rules.filter(({ id }) => id === rule.id).length > 1) {
    faults.push({ field: 'id', fault: 'twice' });
  }
  for (const field of fieldsOf(schema, rule.kind)) {
    if (field.form !== 'number' && field.form !== 'whole') continue;
    const value = valueOf(rule, field);
    const whole = field.form === 'number' || Number.isInteger(value);
    if (typeof value === 'number' && whole && value >= field.min && value <= field.max) continue;
    const scale = field.percent ? 100 : 1;
    const values = { min: field.min * scale, max: field.max * scale };
    faults.push({ field: field.name, fault: 'range', values });
  }
  const points = rule.zone?.points;
  if (points !== undefined && points.length < 3) faults.push({ field: 'zone', fault: 'points' });
  else if (points !== undefined && crossesItself(points)) {
    faults.push({ field: 'zone', fault: 'crossed' });
  }
  if (rule.schedule && !scheduleHolds(rule.schedule)) {
    faults.push({ field: 'schedule', fault: 'schedule' });
  }
  return faults;
}

function scheduleHolds({ windows }: Schedule): boolean {
  return (
    windows.length > 0 &&
    windows.every(
      ({ days, start, end }) =>
        days.length > 0 &&
        CLOCK.test(start) &&
        CLOCK.test(end) &&
        start !== end &&
        start !== '24:00',
    )
  );
}

/**
 * Where the hub's own words point to: `… at $.rules[2].zone.points[0][1]`, or `rule gate: after_s …`.
 * Null where they name no place.
 */
export function placeOf(
  words: string,
  document: RuleDocument,
): { rule: number; field: string } | null {
  const path = /\$\.rules\[(\d+)\](?:\.([a-z_]+))?/.exec(words);
  if (path !== null) return { rule: Number(path[1]), field: path[2] ?? 'id' };
  const named = /(?:rule|quy tắc) ([a-z0-9_-]+): ([a-z_]+)/.exec(words);
  if (named !== null) {
    const rule = document.rules.findIndex(({ id }) => id === named[1]);
    return rule < 0 ? null : { rule, field: named[2] ?? 'id' };
  }
  const figure = /(?:^|\s)(line|zone|vạch|vùng) ([a-z0-9_-]+)/.exec(words);
  if (figure === null) return null;
  for (const [rule, one] of document.rules.entries()) {
    const field = FIGURES.find((name) => one[name]?.id === figure[2]);
    if (field !== undefined) return { rule, field };
  }
  return null;
}
