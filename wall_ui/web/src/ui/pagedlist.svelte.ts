import { errorWords } from '../api/words';

/** What the server answers for a page of a list: its rows, and where the next page begins. */
export interface RowPage<Row> {
  readonly items: readonly Row[];
  readonly next_cursor?: string | null;
}

/**
 * A list that is read a page at a time. The answer to the last question counts: one that comes
 * late changes nothing, and where a page cannot be had the one before stays.
 */
export class PagedList<Row> {
  rows = $state.raw<readonly Row[]>([]);
  busy = $state(true);
  failure = $state('');
  /** Cursors of the pages so far; the last one is that of the page that is shown. */
  #cursors = $state.raw<readonly string[]>([]);
  #next = $state<string | null>(null);
  #asked = 0;
  readonly #ask: (cursor: string) => Promise<RowPage<Row>>;
  readonly #words: (cause: unknown) => string;

  /** `cursors` are those of the pages up to the one that it begins with. */
  constructor(
    ask: (cursor: string) => Promise<RowPage<Row>>,
    words = errorWords,
    cursors: readonly string[] = [''],
  ) {
    this.#ask = ask;
    this.#words = words;
    this.#cursors = cursors;
  }

  /** Where the page is that is shown: to begin there again. */
  get cursors(): readonly string[] {
    return this.#cursors;
  }

  /** Number of the page that is shown, from 1. */
  get number(): number {
    return this.#cursors.length;
  }

  get more(): boolean {
    return this.#next !== null;
  }

  /** Read the page that is shown anew. */
  load(): Promise<void> {
    return this.#go(this.#cursors);
  }

  /** Read from the first page on: another list is asked for. */
  restart(): Promise<void> {
    return this.#go(['']);
  }

  turn(by: 1 | -1): Promise<void> {
    if (by === -1) return this.#go(this.#cursors.slice(0, Math.max(1, this.number - 1)));
    return this.#go(this.#next === null ? this.#cursors : [...this.#cursors, this.#next]);
  }

  async #go(cursors: readonly string[]): Promise<void> {
    const mine = ++this.#asked;
    this.busy = true;
    try {
      const page = await this.#ask(cursors.at(-1) ?? '');
      if (mine !== this.#asked) return;
      this.rows = page.items;
      this.#cursors = cursors;
      this.#next = page.next_cursor ?? null;
      this.failure = '';
    } catch (cause) {
      if (mine === this.#asked) this.failure = this.#words(cause);
    } finally {
      if (mine === this.#asked) this.busy = false;
    }
  }
}
