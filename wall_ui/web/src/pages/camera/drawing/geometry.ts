/** x and y as shares of the picture, from its upper left corner. */
export type Point = readonly [number, number];

/** A rule's polygon has 3 to 64 points; the hub refuses more. */
export const MOST_POINTS = 64;
/** How far an arrow key moves a point, in shares of the picture; with Shift, ten times as far. */
export const NUDGE = 0.005;

const EXACT = 10_000;

function round(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value)) * EXACT) / EXACT;
}

/** A place within the picture, to a ten-thousandth. */
export function placed(x: number, y: number): Point {
  return [round(x), round(y)];
}

export function moved(points: readonly Point[], index: number, to: Point): readonly Point[] {
  return points.map((point, at) => (at === index ? placed(...to) : point));
}

/** Move the whole figure; it stops as one at the edge of the picture. */
export function shifted(points: readonly Point[], dx: number, dy: number): readonly Point[] {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const right = Math.max(-Math.min(...xs), Math.min(1 - Math.max(...xs), dx));
  const down = Math.max(-Math.min(...ys), Math.min(1 - Math.max(...ys), dy));
  return points.map(([x, y]) => placed(x + right, y + down));
}

/** Put a point into the middle of the side that begins at `index`; no more than `most` in all. */
export function inserted(
  points: readonly Point[],
  index: number,
  most = MOST_POINTS,
): readonly Point[] {
  const from = points[index];
  const to = points[(index + 1) % points.length];
  if (from === undefined || to === undefined || points.length >= most) return points;
  const point = placed((from[0] + to[0]) / 2, (from[1] + to[1]) / 2);
  return [...points.slice(0, index + 1), point, ...points.slice(index + 1)];
}

/** Take a point away; a polygon keeps three. */
export function removed(points: readonly Point[], index: number): readonly Point[] {
  return points.length > 3 ? points.filter((_, at) => at !== index) : points;
}

export function reversed(points: readonly Point[]): readonly Point[] {
  return [...points].reverse();
}

type Pressed = Pick<KeyboardEvent, 'key' | 'shiftKey'>;

/** How far a key moves a point; null where it is no arrow. */
export function nudgeOf({ key, shiftKey }: Pressed): Point | null {
  const by = shiftKey ? NUDGE * 10 : NUDGE;
  switch (key) {
    case 'ArrowLeft':
      return [-by, 0];
    case 'ArrowRight':
      return [by, 0];
    case 'ArrowUp':
      return [0, -by];
    case 'ArrowDown':
      return [0, by];
    default:
      return null;
  }
}

/** Whether two sides of a polygon cross. Neighbours share a point and never count. */
export function crossesItself(points: readonly Point[]): boolean {
  const count = points.length;
  for (let i = 0; i < count; i += 1) {
    for (let j = i + 1; j < count; j += 1) {
      if (j === i + 1 || (i === 0 && j === count - 1)) continue;
      const [a, b] = [points[i], points[(i + 1) % count]];
      const [c, d] = [points[j], points[(j + 1) % count]];
      if (a && b && c && d && crosses(a, b, c, d)) return true;
    }
  }
  return false;
}

function side([ax, ay]: Point, [bx, by]: Point, [px, py]: Point): number {
  return Math.sign((bx - ax) * (py - ay) - (by - ay) * (px - ax));
}

function crosses(a: Point, b: Point, c: Point, d: Point): boolean {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/**
 * The unit vector to the right of a line as one looks along it, in pixels with y downwards: what
 * `line_cross_right` means.
 */
export function rightOf(a: Point, b: Point, width: number, height: number): Point {
  const [dx, dy] = [(b[0] - a[0]) * width, (b[1] - a[1]) * height];
  const length = Math.hypot(dx, dy) || 1;
  return [-dy / length, dx / length];
}
