export interface Direction {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

/** The camera stops by itself 1.5 s after the last order: one that is lost must not stop it. */
export const REPEAT_MS = 500;

export const DIRECTIONS = {
  up: { pan: 0, tilt: 1, zoom: 0 },
  left: { pan: -1, tilt: 0, zoom: 0 },
  right: { pan: 1, tilt: 0, zoom: 0 },
  down: { pan: 0, tilt: -1, zoom: 0 },
  in: { pan: 0, tilt: 0, zoom: 1 },
  out: { pan: 0, tilt: 0, zoom: -1 },
} as const satisfies Record<string, Direction>;
export type Way = keyof typeof DIRECTIONS;

const KEYS: Readonly<Record<string, Way>> = {
  ArrowUp: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'left',
  ArrowRight: 'right',
  '+': 'in',
  '=': 'in',
  '-': 'out',
};

export function wayOf(key: string): Way | null {
  return KEYS[key] ?? null;
}

/**
 * Holds a movement for as long as somebody holds on: the order at once and again every half a
 * second, one at a time, and a stop when it is let go of.
 */
export class Holding {
  #way: Way | null = null;
  #busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly move: (direction: Direction) => Promise<boolean>,
    private readonly stop: () => Promise<unknown>,
  ) {}

  get way(): Way | null {
    return this.#way;
  }

  begin(way: Way): void {
    if (this.#way === way) return;
    this.#way = way;
    if (!this.#busy) void this.#turn();
  }

  end(): void {
    if (this.#way === null) return;
    this.#way = null;
    clearTimeout(this.#timer);
    // a movement that is under way is followed by its stop, never overtaken by it
    if (!this.#busy) void this.stop();
  }

  async #turn(): Promise<void> {
    clearTimeout(this.#timer);
    const way = this.#way;
    if (way === null) return;
    this.#busy = true;
    const carried = await this.move(DIRECTIONS[way]);
    this.#busy = false;
    if (!carried) this.#way = null;
    else if (this.#way === null) void this.stop();
    else if (this.#way !== way) void this.#turn();
    else this.#timer = setTimeout(() => void this.#turn(), REPEAT_MS);
  }
}
