import type { Attachment } from 'svelte/attachments';

import { pictureAgeMs } from '../live/age';
import type { Command, Connection, Notice, TileReport } from '../live/messages';
import type { StateMessage, WantedTile } from '../live/protocol';
import { NumberRing } from '../live/ring';

/** Latencies kept per tile for `window.__camhub.stats()`: 80 s of 25 frames a second. */
const KEPT = 2048;

/** One tile as `window.__camhub.stats()` gives it. */
export interface TileStats {
  tile: number;
  camera: string;
  decoded: number;
  dropped: number;
  width: number;
  height: number;
  ageMs: number | null;
  /** Arrival at the worker → decoded in this browser, ms; right where both share one clock. */
  latencyMs: number[];
}

/** The page's end of the worker: which tiles are wanted, and the last report of each. */
export class LiveWall {
  connection = $state<Connection>('idle');
  reports = $state.raw<ReadonlyMap<number, TileReport>>(new Map());
  offsetUs = $state(0);
  onState: (state: StateMessage) => void = () => undefined;
  /** Called each time the connection fails: the session may be over. */
  onLost: () => void = () => undefined;
  readonly #worker = new Worker(new URL('../live/worker.ts', import.meta.url), { type: 'module' });
  readonly #rings = new Map<number, { camera: string; ring: NumberRing }>();
  #wanted = '';

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<Notice>) => this.#notice(data);
  }

  start(): void {
    const url = new URL('/live/ws', window.location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#send({ type: 'start', url: url.href });
  }

  close(): void {
    this.#worker.terminate();
  }

  watch(tiles: readonly WantedTile[]): void {
    const wanted = JSON.stringify(tiles);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#send({ type: 'watch', tiles: [...tiles] });
  }

  /** Give a canvas to the worker for as long as the element lives. */
  canvas(tile: number): Attachment<HTMLCanvasElement> {
    return (element) => {
      const canvas = element.transferControlToOffscreen();
      this.#worker.postMessage({ type: 'attach', tile, canvas } satisfies Command, [canvas]);
      const watcher = new ResizeObserver(([entry]) => {
        const width = (entry?.contentRect.width ?? 0) * window.devicePixelRatio;
        this.#send({ type: 'size', tile, width });
      });
      watcher.observe(element);
      return () => {
        watcher.disconnect();
        this.#send({ type: 'detach', tile });
      };
    };
  }

  ageMs(report: TileReport, nowMs: number): number {
    return pictureAgeMs(report.captureUs, report.decodedMs, nowMs, this.offsetUs);
  }

  stats(): TileStats[] {
    const now = Date.now();
    return [...this.reports.values()].map((report) => ({
      tile: report.tile,
      camera: report.camera,
      decoded: report.decoded,
      dropped: report.dropped,
      width: report.width,
      height: report.height,
      ageMs: report.decoded > 0 ? this.ageMs(report, now) : null,
      latencyMs: this.#rings.get(report.tile)?.ring.toArray() ?? [],
    }));
  }

  /** Forget the latencies so far: a tile's first pictures come from the buffer, and are old. */
  clearLatencies(): void {
    this.#rings.clear();
  }

  #send(command: Command): void {
    this.#worker.postMessage(command);
  }

  #notice(notice: Notice): void {
    if (notice.type === 'state') this.onState(notice.state);
    else if (notice.type === 'connection') {
      this.connection = notice.state;
      if (notice.state === 'waiting') this.onLost();
    } else {
      this.offsetUs = notice.offsetUs;
      this.reports = new Map(notice.tiles.map((report) => [report.tile, report]));
      this.#keepLatencies(notice.tiles);
    }
  }

  #keepLatencies(reports: readonly TileReport[]): void {
    for (const { tile, camera, latencies } of reports) {
      let kept = this.#rings.get(tile);
      if (kept?.camera !== camera) {
        kept = { camera, ring: new NumberRing(KEPT) };
        this.#rings.set(tile, kept);
      }
      for (const ms of latencies) kept.ring.push(ms);
    }
    for (const tile of this.#rings.keys()) {
      if (!reports.some((report) => report.tile === tile)) this.#rings.delete(tile);
    }
  }
}
