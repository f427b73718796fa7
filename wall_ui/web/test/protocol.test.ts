import { describe, expect, it } from 'vitest';

import { parseFrame, parseMessage, watchMessage } from '../src/live/protocol';
import { wire } from './frames';

describe('parseFrame', () => {
  it('reads every field of the header and leaves the payload', () => {
    const frame = parseFrame(
      wire({
        keyframe: true,
        tile: 0xfffe,
        seq: 0xfffffffd,
        captureUs: 1_763_900_000_123_456,
        arrivalUs: 1_763_900_000_200_000,
        sentUs: 1_763_900_000_300_001,
        data: [0, 0, 0, 1, 0x67, 9],
      }),
    );
    expect(frame).toEqual({
      keyframe: true,
      tile: 0xfffe,
      seq: 0xfffffffd,
      captureUs: 1_763_900_000_123_456,
      arrivalUs: 1_763_900_000_200_000,
      sentUs: 1_763_900_000_300_001,
      data: new Uint8Array([0, 0, 0, 1, 0x67, 9]),
    });
  });

  it('reads a delta frame, whatever the other flags say', () => {
    const buffer = wire();
    new DataView(buffer).setUint8(1, 0b1111_1110);
    expect(parseFrame(buffer)?.keyframe).toBe(false);
  });

  it.each([
    ['nothing', new ArrayBuffer(0)],
    ['a cut header', wire().slice(0, 31)],
    ['a header without a payload', wire({ data: [] })],
    ['another version', wire({ version: 2 })],
  ])('refuses %s', (_name, buffer) => {
    expect(parseFrame(buffer)).toBeNull();
  });
});

describe('parseMessage', () => {
  it('reads a tile message', () => {
    const tile = { type: 'tile', tile: 1, camera: 'c', codec: 'avc1.64001f', width: 1, height: 2 };
    expect(parseMessage(JSON.stringify(tile))).toEqual(tile);
  });

  it.each([
    'no JSON',
    'null',
    '[]',
    '3',
    '{}',
    '{"type":"toString"}',
    '{"type":"news"}',
    '{"type":"tile","tile":"0","camera":"c","codec":"x","width":1,"height":1}',
    '{"type":"denied","tile":0}',
  ])('refuses %s', (text) => {
    expect(parseMessage(text)).toBeNull();
  });
});

it('watchMessage says the whole set and nothing more', () => {
  const tile = { tile: 0, camera: 'a', secret: 'x' };
  expect(JSON.parse(watchMessage([tile]))).toEqual({
    type: 'watch',
    tiles: [{ tile: 0, camera: 'a' }],
  });
});
