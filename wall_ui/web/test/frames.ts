/** Builds what the gateway sends, byte by byte, as the table in protocol.ts says. */
export interface Wire {
  version?: number;
  keyframe?: boolean;
  tile?: number;
  seq?: number;
  captureUs?: number;
  arrivalUs?: number;
  sentUs?: number;
  data?: number[];
}

export function wire(frame: Wire = {}): ArrayBuffer {
  const data = frame.data ?? [0, 0, 0, 1, 0x65];
  const buffer = new ArrayBuffer(32 + data.length);
  const view = new DataView(buffer);
  view.setUint8(0, frame.version ?? 1);
  view.setUint8(1, frame.keyframe ? 1 : 0);
  view.setUint16(2, frame.tile ?? 0);
  view.setUint32(4, frame.seq ?? 0);
  view.setBigInt64(8, BigInt(frame.captureUs ?? 0));
  view.setBigInt64(16, BigInt(frame.arrivalUs ?? 0));
  view.setBigInt64(24, BigInt(frame.sentUs ?? 0));
  new Uint8Array(buffer, 32).set(data);
  return buffer;
}
