import { ApiError, type Api } from '../../../api/client';
import { errorWords } from '../../../api/words';
import { History } from '../drawing/history';
import { getRules, putRules, rulesSchema, type StoredRules } from '../api';
import {
  added,
  figuresOf,
  newRule,
  replaced,
  without,
  withPoints,
  type Figure,
  type Point,
  type Rule,
  type RuleDocument,
} from './document';
import { faultsOf, figuresOfKind, placeOf, type Fault, type Schema } from './schema';

/** A fault with the hub's own words, where it has refused a document. */
export interface Refusal {
  readonly rule: number;
  readonly field: string;
  readonly words: string;
}

/** The rules of one camera while somebody edits them. */
export class RuleEditor {
  schema = $state.raw<Schema | null>(null);
  stored = $state.raw<StoredRules | null>(null);
  document = $state.raw<RuleDocument>({ rules: [] });
  selected = $state(0);
  figure = $state<Figure | null>(null);
  drawing = $state(false);
  busy = $state(false);
  failure = $state('');
  /** Somebody else has written rules since these were read. */
  conflict = $state(false);
  refusal = $state.raw<Refusal | null>(null);
  canUndo = $state(false);
  canRedo = $state(false);
  /** The state that would be read back if nothing were saved now, for telling what is unsaved. */
  #clean = $state('');
  #history = new History<RuleDocument>({ rules: [] });

  readonly rule = $derived(this.document.rules[this.selected]);
  readonly dirty = $derived(JSON.stringify(this.document) !== this.#clean);
  readonly faults = $derived<readonly Fault[]>(
    this.schema === null ? [] : faultsOf(this.schema, this.document),
  );

  constructor(
    private readonly api: Api,
    private readonly cameraId: string,
  ) {}

  async load(): Promise<void> {
    try {
      const [schema, stored] = await Promise.all([
        this.schema ?? rulesSchema(this.api),
        getRules(this.api, this.cameraId),
      ]);
      this.schema = schema;
      this.#take(stored);
      this.failure = '';
    } catch (cause) {
      this.failure = errorWords(cause);
    }
  }

  /** Save; true where the hub has taken the rules. */
  async save(document: RuleDocument | null = this.document): Promise<boolean> {
    if (this.stored === null) return false;
    this.busy = true;
    this.failure = '';
    this.refusal = null;
    try {
      this.#take(await putRules(this.api, this.cameraId, this.stored.version, document));
      return true;
    } catch (cause) {
      this.#refused(cause);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Keep what is edited here, and let the next save go over what somebody else has written. */
  async keepMine(): Promise<void> {
    try {
      this.stored = await getRules(this.api, this.cameraId);
      this.#clean = JSON.stringify(this.stored.document);
      this.conflict = false;
    } catch (cause) {
      this.failure = errorWords(cause);
    }
  }

  select(index: number): void {
    this.selected = index;
    this.drawing = false;
    this.figure = this.rule === undefined ? null : (figuresOf(this.rule)[0] ?? null);
  }

  add(kind: string): void {
    if (this.schema === null) return;
    const figures = figuresOfKind(this.schema, kind);
    const ids = this.document.rules.map(({ id }) => id);
    this.#commit(added(this.document, newRule(kind, figures, ids)));
    this.select(this.document.rules.length - 1);
  }

  drop(index: number): void {
    this.#commit(without(this.document, index));
    this.select(Math.max(0, Math.min(index, this.document.rules.length - 1)));
  }

  change(part: Partial<Rule>): void {
    if (this.rule !== undefined) {
      this.#commit(replaced(this.document, this.selected, { ...this.rule, ...part }));
    }
  }

  setPoints(points: readonly Point[], done: boolean): void {
    const before = this.#history.present.rules[this.selected];
    if (before === undefined || this.figure === null) return;
    const next = replaced(
      this.#history.present,
      this.selected,
      withPoints(before, this.figure, points),
    );
    if (done) this.#commit(next);
    else {
      this.#history.preview(next);
      this.document = next;
    }
  }

  drawn(points: readonly Point[] | null): void {
    this.drawing = false;
    if (points !== null) this.setPoints(points, true);
  }

  undo(): void {
    this.#history.undo();
    this.#show();
  }

  redo(): void {
    this.#history.redo();
    this.#show();
  }

  discard(): void {
    if (this.stored !== null) this.#take(this.stored);
  }

  #take(stored: StoredRules): void {
    this.stored = stored;
    this.#clean = JSON.stringify(stored.document);
    this.#history = new History(stored.document);
    this.conflict = false;
    this.refusal = null;
    this.#show();
  }

  #commit(next: RuleDocument): void {
    this.refusal = null;
    this.#history.commit(next);
    this.#show();
  }

  #show(): void {
    this.document = this.#history.present;
    this.canUndo = this.#history.canUndo;
    this.canRedo = this.#history.canRedo;
    this.drawing = false;
    if (this.selected >= this.document.rules.length) {
      this.selected = Math.max(0, this.document.rules.length - 1);
    }
    const rule = this.rule;
    const figures = rule === undefined ? [] : figuresOf(rule);
    if (this.figure === null || !figures.includes(this.figure)) this.figure = figures[0] ?? null;
  }

  #refused(cause: unknown): void {
    this.conflict = cause instanceof ApiError && cause.status === 412;
    if (this.conflict) return;
    const words = errorWords(cause);
    const place = cause instanceof ApiError ? placeOf(cause.detail, this.document) : null;
    if (place === null || place.rule >= this.document.rules.length) this.failure = words;
    else {
      this.refusal = { ...place, words };
      this.select(place.rule);
    }
  }
}
