/**
 * The address in the hash, as state. A page with unsaved work sets `guard`: leaving it then asks
 * first, and `pending` is where the reader wants to go.
 */
class Router {
  hash = $state(window.location.hash);
  pending = $state<string | null>(null);
  guard: (() => boolean) | null = null;

  constructor() {
    window.addEventListener('hashchange', () => this.#changed());
    window.addEventListener('beforeunload', (event) => {
      if (this.guard?.()) event.preventDefault();
    });
  }

  go(path: string): void {
    window.location.hash = path;
  }

  /** Change the address without a new entry in the history. */
  replace(path: string): void {
    window.history.replaceState(null, '', `#${path}`);
    this.hash = window.location.hash;
  }

  /** Go on to where the reader wanted to go, work unsaved. */
  leave(): void {
    const to = this.pending;
    this.pending = null;
    this.guard = null;
    if (to !== null) window.location.hash = to;
  }

  stay(): void {
    this.pending = null;
  }

  #changed(): void {
    const wanted = window.location.hash;
    if (wanted === this.hash) return;
    if (this.guard?.()) {
      this.pending = wanted;
      window.history.replaceState(null, '', this.hash || '#');
      return;
    }
    this.guard = null;
    this.hash = wanted;
  }
}

export const router = new Router();

export function href(path: string): string {
  return `#${path}`;
}
