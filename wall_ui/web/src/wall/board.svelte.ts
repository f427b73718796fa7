import { columns, isGrid, moved, pageCount, pageOf, type Arrow, type Grid } from '../live/layout';
import { recall, remember } from '../ui/remember';
import type { Roster } from './roster.svelte';

/** Which cameras stand on the wall: the grid, its page, and the tile that the keyboard is on. */
export class Board {
  grid = $state<Grid>(savedGrid());
  chosen = $state(0);
  #wanted = $state(0);
  readonly pages = $derived.by(() => pageCount(this.roster.cameras.length, this.grid));
  readonly page = $derived.by(() => Math.min(this.#wanted, this.pages - 1));
  readonly shown = $derived.by(() =>
    Array.from(
      { length: this.grid },
      (_, tile) => this.roster.cameras[this.page * this.grid + tile],
    ),
  );

  constructor(private readonly roster: Roster) {}

  /** Change the grid; the camera that the operator looks at stays on the wall. */
  setGrid(grid: Grid): void {
    const last = Math.max(0, this.roster.cameras.length - 1);
    const index = Math.min(this.page * this.grid + this.chosen, last);
    this.grid = grid;
    remember('grid', String(grid));
    this.#stand(index);
  }

  setPage(page: number): void {
    this.#wanted = Math.max(0, Math.min(this.pages - 1, page));
  }

  move(arrow: Arrow): void {
    this.chosen = moved(this.chosen, arrow, this.grid);
  }

  shows(cameraId: string): boolean {
    return this.shown.some((camera) => camera?.id === cameraId);
  }

  /** Turn to the page of a camera and choose its tile. */
  turnTo(cameraId: string): void {
    const index = this.roster.cameras.findIndex((camera) => camera.id === cameraId);
    if (index >= 0) this.#stand(index);
  }

  /** Whether a camera's tile is in the right half, where a panel would hide it. */
  onTheRight(cameraId: string): boolean {
    const tile = this.shown.findIndex((camera) => camera?.id === cameraId);
    const wide = columns(this.grid);
    return wide > 1 && tile % wide >= wide / 2;
  }

  #stand(index: number): void {
    this.#wanted = pageOf(index, this.grid);
    this.chosen = index % this.grid;
  }
}

function savedGrid(): Grid {
  const saved = Number(recall('grid'));
  return isGrid(saved) ? saved : 4;
}
