/**
 * The server's clock as this browser sees it, from the time stamp that each frame carries.
 *
 * `sent − received` is the difference of the clocks minus the delay of the network, so the largest
 * value seen lately is the nearest to the truth: a queue in the network can only make it smaller.
 * The window is long (10 min), because a queue may last and clocks drift by parts per million.
 */
const BUCKETS = 10;
const BUCKET_MS = 60_000;

export class ServerClock {
  #buckets: { slot: number; offsetUs: number }[] = [];

  /** Take a frame that was sent at `sentUs` (server, UTC µs) and received at `nowMs` (ours). */
  observe(sentUs: number, nowMs: number): void {
    const offsetUs = sentUs - nowMs * 1000;
    const slot = Math.floor(nowMs / BUCKET_MS);
    const last = this.#buckets.at(-1);
    if (last !== undefined && last.slot === slot) {
      if (offsetUs > last.offsetUs) last.offsetUs = offsetUs;
      return;
    }
    // After our own clock was set back, the old buckets lie in the future and tell nothing.
    this.#buckets = this.#buckets.filter((b) => b.slot < slot && b.slot > slot - BUCKETS);
    this.#buckets.push({ slot, offsetUs });
  }

  /** Server minus browser, µs; 0 until a frame has come. */
  get offsetUs(): number {
    if (this.#buckets.length === 0) return 0;
    return this.#buckets.reduce((best, b) => Math.max(best, b.offsetUs), -Infinity);
  }
}
