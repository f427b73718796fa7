/** The states of something that is edited, to step back and forth; bounded. */
export class History<T> {
  readonly #before: T[] = [];
  readonly #after: T[] = [];
  #moving: T | null = null;

  constructor(
    private value: T,
    private readonly most = 200,
  ) {}

  get present(): T {
    return this.#moving ?? this.value;
  }

  get canUndo(): boolean {
    return this.#before.length > 0;
  }

  get canRedo(): boolean {
    return this.#after.length > 0;
  }

  /** A step that can be undone. */
  commit(next: T): void {
    this.#moving = null;
    if (next === this.value) return;
    this.#before.push(this.value);
    if (this.#before.length > this.most) this.#before.shift();
    this.#after.length = 0;
    this.value = next;
  }

  /** Show something that is under way, such as a point while it is dragged; no step of its own. */
  preview(next: T): void {
    this.#moving = next;
  }

  undo(): void {
    this.#moving = null;
    const earlier = this.#before.pop();
    if (earlier === undefined) return;
    this.#after.push(this.value);
    this.value = earlier;
  }

  redo(): void {
    this.#moving = null;
    const later = this.#after.pop();
    if (later === undefined) return;
    this.#before.push(this.value);
    this.value = later;
  }
}
