import type { Picture } from './decoder';

/**
 * The canvas of one tile. At most one picture waits for the next animation frame; a newer one takes
 * its place and closes it. The canvas is transferred by the page and lives as long as the element.
 */
export class Surface {
  #pending: Picture | null = null;
  #scheduled = false;
  #widest = 0;
  #context: OffscreenCanvasRenderingContext2D | null;

  constructor(
    private readonly canvas: OffscreenCanvas,
    private readonly schedule: (draw: () => void) => void,
  ) {
    this.#context = canvas.getContext('2d', { alpha: false, desynchronized: true });
  }

  /** Draw no wider than the tile is on the screen (device pixels): small tiles cost less. */
  setWidth(pixels: number): void {
    this.#widest = Math.max(0, Math.ceil(pixels));
  }

  show(picture: Picture): void {
    this.#pending?.close();
    this.#pending = picture;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.schedule(() => this.#draw());
  }

  /** Forget the picture: another camera's picture must never stand under this one's name. */
  clear(): void {
    this.#pending?.close();
    this.#pending = null;
    this.#context?.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #draw(): void {
    this.#scheduled = false;
    const picture = this.#pending;
    this.#pending = null;
    if (picture === null) return;
    const { width, height } = fitted(picture, this.#widest);
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.#context?.drawImage(picture as unknown as CanvasImageSource, 0, 0, width, height);
    picture.close();
  }
}

/** The size to draw a picture at: its own, or `widest` where that is less (0: no limit). */
export function fitted(
  picture: Pick<Picture, 'displayWidth' | 'displayHeight'>,
  widest: number,
): { width: number; height: number } {
  const { displayWidth, displayHeight } = picture;
  if (widest === 0 || displayWidth <= widest) return { width: displayWidth, height: displayHeight };
  return {
    width: widest,
    height: Math.max(1, Math.round((displayHeight * widest) / displayWidth)),
  };
}
