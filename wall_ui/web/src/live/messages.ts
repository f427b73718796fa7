import type { DecoderIssue } from './decoder';
import type { StateMessage, WantedTile } from './protocol';

/** Page → worker. */
export type Command =
  | { type: 'start'; url: string }
  | { type: 'stop' }
  | { type: 'attach'; tile: number; canvas: OffscreenCanvas }
  | { type: 'detach'; tile: number }
  /** How wide the tile is on the screen, in device pixels. */
  | { type: 'size'; tile: number; width: number }
  | { type: 'watch'; tiles: WantedTile[] };

export type Connection = 'idle' | 'connecting' | 'open' | 'waiting';

export interface TileReport {
  tile: number;
  camera: string;
  decoded: number;
  dropped: number;
  captureUs: number;
  decodedMs: number;
  width: number;
  height: number;
  issue: DecoderIssue | 'forbidden' | 'not_found' | null;
  /** Arrival at the worker → decoded here, ms, one for each picture since the last report. */
  latencies: number[];
}

/** Worker → page. */
export type Notice =
  | { type: 'report'; offsetUs: number; tiles: TileReport[] }
  | { type: 'connection'; state: Connection; retryMs: number }
  | { type: 'state'; state: StateMessage };
