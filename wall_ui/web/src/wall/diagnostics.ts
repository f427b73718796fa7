import type { FocusStats } from '../live/whep';
import type { TileStats } from './live.svelte';

/**
 * `window.__camhub`: what an engineer, an end-to-end test and a benchmark may read of a running
 * wall. Nothing of the wall depends on it.
 */
export interface Diagnostics {
  /** One entry per watched tile, as of the worker's last report (every 500 ms). */
  stats(): TileStats[];
  /** Begin the latencies anew; a benchmark calls it once the buffered start is over. */
  clearLatencies(): void;
  /** The focused view, or null while none is open or no picture has come. */
  focusStats(): FocusStats | null;
  connection(): string;
  /** Server's clock minus the browser's, ms. */
  clockOffsetMs(): number;
}

declare global {
  interface Window {
    __camhub?: Diagnostics;
  }
}

export function expose(diagnostics: Diagnostics): () => void {
  window.__camhub = diagnostics;
  return () => {
    delete window.__camhub;
  };
}
