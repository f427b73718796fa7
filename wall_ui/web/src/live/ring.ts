/** The last `capacity` numbers, oldest first. Used for latencies: bounded, whatever comes. */
export class NumberRing {
  readonly #values: Float64Array;
  #next = 0;
  #length = 0;

  constructor(readonly capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError('capacity must be ≥ 1');
    this.#values = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.capacity;
    this.#length = Math.min(this.#length + 1, this.capacity);
  }

  toArray(): number[] {
    const start = (this.#next - this.#length + this.capacity) % this.capacity;
    return Array.from(
      { length: this.#length },
      (_, i) => this.#values[(start + i) % this.capacity] ?? 0,
    );
  }

  /** Return what is in the ring and empty it. */
  drain(): number[] {
    const values = this.toArray();
    this.#length = 0;
    return values;
  }
}
