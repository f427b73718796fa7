/** Which camera stands on which tile: pages of a grid, and moving between tiles by keyboard. */
export const GRIDS = [1, 4, 9, 16] as const;
export type Grid = (typeof GRIDS)[number];

export function isGrid(value: number): value is Grid {
  return (GRIDS as readonly number[]).includes(value);
}

export function columns(grid: Grid): number {
  return Math.sqrt(grid);
}

export function pageCount(cameras: number, grid: Grid): number {
  return Math.max(1, Math.ceil(cameras / grid));
}

/** The page on which camera number `index` stands. */
export function pageOf(index: number, grid: Grid): number {
  return Math.floor(Math.max(0, index) / grid);
}

export type Arrow = 'ArrowLeft' | 'ArrowRight' | 'ArrowUp' | 'ArrowDown';

/** The tile that an arrow leads to from `tile`; at the edge it stays where it is. */
export function moved(tile: number, arrow: Arrow, grid: Grid): number {
  const wide = columns(grid);
  const column = tile % wide;
  const row = Math.floor(tile / wide);
  switch (arrow) {
    case 'ArrowLeft':
      return column > 0 ? tile - 1 : tile;
    case 'ArrowRight':
      return column < wide - 1 ? tile + 1 : tile;
    case 'ArrowUp':
      return row > 0 ? tile - wide : tile;
    case 'ArrowDown':
      return row < wide - 1 ? tile + wide : tile;
  }
}
