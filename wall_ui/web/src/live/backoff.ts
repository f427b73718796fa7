/** Exponential backoff with full jitter: a wall of 40 screens must not come back in one beat. */
export class Backoff {
  #attempt = 0;

  constructor(
    private readonly firstMs = 500,
    private readonly maxMs = 4_000,
    private readonly random: () => number = Math.random,
  ) {}

  /** How long to wait before the next attempt, in ms: between a half and the whole of the step. */
  next(): number {
    const step = Math.min(this.maxMs, this.firstMs * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 20);
    return Math.round(step * (0.5 + 0.5 * this.random()));
  }

  reset(): void {
    this.#attempt = 0;
  }
}
