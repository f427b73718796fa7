import { moved, placed, shifted, type Point } from './geometry';

/** The drawing's own units: as wide as the picture is long, so that circles stay round. */
export const W = 1600;
/** How near a click must be to a point to mean that point. */
const CLOSE = 22;

interface Grip {
  /** The point that is held, or -1 for the whole figure. */
  readonly index: number;
  readonly at: Point;
  readonly points: readonly Point[];
}

/** What is called as somebody draws. */
export interface Strokes {
  /** `done` is false while something is dragged. */
  change(points: readonly Point[], done: boolean): void;
  /** A new figure is drawn; null where it was given up. */
  drawn(points: readonly Point[] | null): void;
}

/** The pointer over a picture: points dragged, whole figures moved, new ones drawn. */
export class Board {
  svg = $state<SVGSVGElement>();
  /** Width by height of the picture. */
  aspect = $state(16 / 9);
  /** The figure that is being drawn: a polygon closes, a line has two points. */
  closed = $state(true);
  draft = $state.raw<readonly Point[]>([]);
  hover = $state.raw<Point | null>(null);
  readonly height = $derived(W / this.aspect);
  #grip: Grip | null = null;

  constructor(
    private readonly strokes: Strokes,
    readonly most: number,
  ) {}

  /** Points as an SVG polygon or polyline takes them. */
  path(points: readonly Point[]): string {
    return points.map(([x, y]) => `${x * W},${y * this.height}`).join(' ');
  }

  clear(): void {
    this.draft = [];
    this.hover = null;
  }

  /** Set the next point of a new figure; on its first point a polygon is closed. */
  set(event: PointerEvent): void {
    const point = this.#at(event);
    const first = this.draft[0];
    if (this.closed && first !== undefined && this.draft.length >= 3 && this.#near(first, point)) {
      return this.finish();
    }
    const last = this.draft.at(-1);
    if (last !== undefined && this.#near(last, point)) return;
    this.draft = [...this.draft, point];
    if (this.draft.length === (this.closed ? this.most : 2)) this.finish();
  }

  /** Take the last point of a new figure back. */
  back(): void {
    this.draft = this.draft.slice(0, -1);
  }

  finish(): void {
    this.strokes.drawn(this.draft.length >= (this.closed ? 3 : 2) ? this.draft : null);
  }

  /** Take hold of a point of a figure, or with -1 of all of it. */
  take(event: PointerEvent, index: number, points: readonly Point[]): void {
    event.stopPropagation();
    if (event.currentTarget instanceof Element) {
      event.currentTarget.setPointerCapture(event.pointerId);
    }
    this.#grip = { index, at: this.#at(event), points };
  }

  move(event: PointerEvent): void {
    this.hover = this.#at(event);
    if (this.#grip !== null) this.strokes.change(this.#dragged(this.#grip, this.hover), false);
  }

  release(event: PointerEvent): void {
    const grip = this.#grip;
    this.#grip = null;
    if (grip !== null) this.strokes.change(this.#dragged(grip, this.#at(event)), true);
  }

  /** The browser has taken the pointer away: what was dragged goes back. */
  drop(): void {
    const grip = this.#grip;
    this.#grip = null;
    if (grip !== null) this.strokes.change(grip.points, true);
  }

  #dragged(grip: Grip, now: Point): readonly Point[] {
    if (grip.index >= 0) return moved(grip.points, grip.index, now);
    return shifted(grip.points, now[0] - grip.at[0], now[1] - grip.at[1]);
  }

  #at(event: MouseEvent): Point {
    const matrix = this.svg?.getScreenCTM();
    if (!matrix) return [0, 0];
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    return placed(x / W, y / this.height);
  }

  #near(a: Point, b: Point): boolean {
    return Math.hypot((a[0] - b[0]) * W, (a[1] - b[1]) * this.height) < CLOSE;
  }
}
