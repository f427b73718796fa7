import { ApiError, type Api } from '../../../api/client';
import { errorWords } from '../../../api/words';
import type { components } from '../../../api/schema';
import { cameraPath } from '../../cameras/api';
import type { RuleDocument } from '../rules/document';

export type Run = components['schemas']['DryRunShape'];
export type Source = 'camera' | 'upload' | 'again';

/** One thing that the rules would have told. */
export interface Hit {
  readonly at: string;
  readonly kind: string;
  readonly rule: string;
  readonly label: string;
  readonly box: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly measured: Readonly<Record<string, number>>;
  /** Number of its picture, or null. */
  readonly picture: number | null;
}

export interface Counted {
  readonly rule: string;
  readonly measure: string;
  readonly how: string;
  readonly direction: string;
  readonly label: string;
  readonly value: number;
}

export interface Result {
  readonly frames: number;
  readonly seconds: number;
  readonly cut: string;
  readonly events: readonly Hit[];
  readonly held_back: Readonly<Record<string, number>>;
  readonly hours: readonly Counted[];
  readonly from: string | null;
  readonly to: string | null;
}

/** The hub's own bound for a clip, bytes. */
export const MOST_BYTES = 128 * 2 ** 20;
const LOOK_MS = 500;
const FINAL: ReadonlySet<string> = new Set(['done', 'failed', 'cancelled']);

/** A dry run from the page: begun, followed, called off. */
export class DryRun {
  run = $state.raw<Run | null>(null);
  failure = $state('');
  busy = $state(false);
  /** The last run that had a clip: its clip can be used again. */
  clipOf = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;

  constructor(
    private readonly api: Api,
    private readonly cameraId: string,
  ) {}

  get running(): boolean {
    return this.busy || (this.run !== null && !FINAL.has(this.run.state));
  }

  get result(): Result | null {
    return this.run?.state === 'done' ? (this.run.result as unknown as Result | null) : null;
  }

  path(part = ''): string {
    return `${cameraPath(this.cameraId)}/dry-runs${this.run === null ? '' : `/${this.run.id}`}${part}`;
  }

  async begin(
    document: RuleDocument,
    source: Source,
    seconds: number,
    file: File | null,
  ): Promise<void> {
    const mine = ++this.#turn;
    clearTimeout(this.#timer);
    this.busy = true;
    this.failure = '';
    const before = this.run;
    this.run = null;
    try {
      const body = { document, source, seconds, again: source === 'again' ? this.clipOf : '' };
      this.run = await this.api.send<Run>('POST', this.path(), body);
      if (source === 'upload' && file !== null) {
        this.run = await this.api.send<Run>('PUT', this.path('/clip'), file, {
          'Content-Type': 'video/mp4',
        });
      }
      if (before !== null && before.id !== this.clipOf) void this.#forget(before.id);
      if (mine === this.#turn) this.#follow(mine);
    } catch (cause) {
      this.failure = errorWords(cause);
    } finally {
      this.busy = false;
    }
  }

  async cancel(): Promise<void> {
    this.#turn += 1;
    clearTimeout(this.#timer);
    const run = this.run;
    this.run = null;
    if (run !== null) await this.#forget(run.id);
  }

  close(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
    for (const id of new Set([this.run?.id ?? '', this.clipOf])) {
      if (id !== '') void this.#forget(id);
    }
  }

  #follow(mine: number): void {
    this.#timer = setTimeout(() => void this.#look(mine), LOOK_MS);
  }

  async #look(mine: number): Promise<void> {
    try {
      const run = await this.api.get<Run>(this.path());
      if (mine !== this.#turn) return;
      this.run = run;
      this.failure = '';
      if (run.state === 'done') {
        if (this.clipOf !== '' && this.clipOf !== run.id) void this.#forget(this.clipOf);
        this.clipOf = run.id;
      }
      if (!FINAL.has(run.state)) this.#follow(mine);
    } catch (cause) {
      if (mine !== this.#turn) return;
      this.failure = errorWords(cause);
      const gone = cause instanceof ApiError && cause.status === 404;
      if (gone) this.run = null;
      else this.#follow(mine);
    }
  }

  async #forget(id: string): Promise<void> {
    try {
      await this.api.send('DELETE', `${cameraPath(this.cameraId)}/dry-runs/${id}`);
    } catch {
      return; // the hub forgets it by itself after a while
    }
    if (this.clipOf === id) this.clipOf = '';
  }
}
