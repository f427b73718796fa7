/** Where the reader last stood in the list of cameras: its filters, and the pages up to there. */
export const lastList: { path: string; cursors: readonly string[] } = {
  path: '/cameras',
  cursors: [''],
};
