import type { Picture } from './decoder';

/**
 * The canvas of one tile. At most one picture waits for the next animation frame; a newer one takes
 * its place and closes it. The canvas is transferred by the page and lives as long as the element.
 */
export class Surface {
  #pending: Picture | null = null;
  #scheduled = false;
  #context: OffscreenCanvasRenderingContext2D | null;

  constructor(
    private readonly canvas: OffscreenCanvas,
    private readonly schedule: (draw: () => void) => void,
  ) {
    this.#context = canvas.getContext('2d', { alpha: false, desynchronized: true });
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
    if (this.canvas.width !== picture.displayWidth) this.canvas.width = picture.displayWidth;
    if (this.canvas.height !== picture.displayHeight) this.canvas.height = picture.displayHeight;
    this.#context?.drawImage(picture as unknown as CanvasImageSource, 0, 0);
    picture.close();
  }
}
