/**
 * The words of `/live/ws`. Text messages are JSON; a binary message is one access unit: a header of
 * 32 bytes, big-endian, then H.264 in Annex-B.
 *
 * | offset | type | field                                             |
 * |--------|------|---------------------------------------------------|
 * | 0      | u8   | version, 1                                        |
 * | 1      | u8   | flags, bit 0: keyframe                            |
 * | 2      | u16  | tile                                              |
 * | 4      | u32  | seq, low 32 bits                                  |
 * | 8      | i64  | capture time, UTC µs                              |
 * | 16     | i64  | arrival at the worker, UTC µs                     |
 * | 24     | i64  | sent by the gateway, UTC µs                       |
 */
export const HEADER_BYTES = 32;
export const VERSION = 1;
const KEYFRAME = 1;

export interface Frame {
  tile: number;
  seq: number;
  keyframe: boolean;
  /** UTC µs. A double holds them exactly until the year 2255. */
  captureUs: number;
  arrivalUs: number;
  sentUs: number;
  data: Uint8Array<ArrayBuffer>;
}

export interface TileMessage {
  type: 'tile';
  tile: number;
  camera: string;
  codec: string;
  width: number;
  height: number;
}

export interface StateMessage {
  type: 'state';
  camera: string;
  state: string;
  reason_code: string;
  reason: string;
  since: string;
  updated: string;
}

export interface SkippedMessage {
  type: 'skipped';
  tile: number;
  frames: number;
}

export interface DeniedMessage {
  type: 'denied';
  tile: number;
  camera: string;
  code: string;
}

export type ServerMessage = TileMessage | StateMessage | SkippedMessage | DeniedMessage;

export interface WantedTile {
  tile: number;
  camera: string;
}

/** The whole wanted set; the server replaces the last one by it. */
export function watchMessage(tiles: readonly WantedTile[]): string {
  return JSON.stringify({
    type: 'watch',
    tiles: tiles.map(({ tile, camera }) => ({ tile, camera })),
  });
}

/** Read one binary message; null where it is none of ours. The payload is a view, not a copy. */
export function parseFrame(buffer: ArrayBuffer): Frame | null {
  if (buffer.byteLength <= HEADER_BYTES) return null;
  const view = new DataView(buffer);
  if (view.getUint8(0) !== VERSION) return null;
  return {
    keyframe: (view.getUint8(1) & KEYFRAME) !== 0,
    tile: view.getUint16(2),
    seq: view.getUint32(4),
    captureUs: Number(view.getBigInt64(8)),
    arrivalUs: Number(view.getBigInt64(16)),
    sentUs: Number(view.getBigInt64(24)),
    data: new Uint8Array(buffer, HEADER_BYTES),
  };
}

type Shape = Record<string, 'string' | 'number'>;

const SHAPES: Record<ServerMessage['type'], Shape> = {
  tile: { tile: 'number', camera: 'string', codec: 'string', width: 'number', height: 'number' },
  state: { camera: 'string', state: 'string', reason_code: 'string', reason: 'string' },
  skipped: { tile: 'number', frames: 'number' },
  denied: { tile: 'number', camera: 'string', code: 'string' },
};

/** Read one text message; null where it is none that we know (a newer server may say more). */
export function parseMessage(text: string): ServerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const message = value as Record<string, unknown>;
  const type = message['type'];
  if (typeof type !== 'string' || !Object.hasOwn(SHAPES, type)) return null;
  const shape = SHAPES[type as ServerMessage['type']];
  const fits = Object.entries(shape).every(([key, kind]) => typeof message[key] === kind);
  return fits ? (message as unknown as ServerMessage) : null;
}
