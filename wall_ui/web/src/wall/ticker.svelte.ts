/** How often ages are counted anew, ms. A claim of being live ends this much early, never late. */
export const TICK_MS = 250;

/** The browser's time as state. It runs by itself, whether or not anything arrives. */
export class Ticker {
  nowMs = $state(Date.now());
  #timer = setInterval(() => this.#tick(), TICK_MS);
  #onVisible = () => this.#tick();

  constructor() {
    document.addEventListener('visibilitychange', this.#onVisible);
  }

  close(): void {
    clearInterval(this.#timer);
    document.removeEventListener('visibilitychange', this.#onVisible);
  }

  #tick(): void {
    this.nowMs = Date.now();
  }
}
