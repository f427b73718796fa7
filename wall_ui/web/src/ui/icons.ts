/** Strokes on a grid of 16. One shape per meaning: state is never told by colour alone. */
export const PATHS = {
  live: 'M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M3.5 3.5a6.4 6.4 0 0 0 0 9M12.5 3.5a6.4 6.4 0 0 1 0 9',
  clock: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2M8 4.8V8l2.3 1.6',
  dots: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  off: 'M2.5 2.5l11 11M5 5H3v7h9.5M8 5h5v6',
  key: 'M5.5 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6M7.7 7.9L13 2.6M11 4.6l2 2',
  warn: 'M8 2L1.8 13.2h12.4zM8 6.5v3.2M8 11.6v.01',
  lock: 'M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  left: 'M10 3L5 8l5 5',
  right: 'M6 3l5 5-5 5',
  close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
  list: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  expand: 'M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5L9 7M2.5 13.5L7 9',
  out: 'M9 2.5h4.5v11H9M2.5 8h7M7 5l3 3-3 3',
  camera: 'M2 4.5h8.5v7H2zM10.5 7L14 5v6l-3.5-2',
} as const;
export type IconName = keyof typeof PATHS;
