import { beforeEach, describe, expect, it } from 'vitest';

import { LAG_MS, QUEUE_SOFT, TileDecoder } from '../src/live/decoder';
import { parseFrame, type Frame } from '../src/live/protocol';
import { TestEnvironment, type TestPicture } from './doubles';
import { wire, type Wire } from './frames';

function frame(fields: Wire = {}): Frame {
  const parsed = parseFrame(wire(fields));
  if (parsed === null) throw new Error('the test built no frame');
  return parsed;
}

const KEY = { keyframe: true };

describe('TileDecoder', () => {
  let env: TestEnvironment;
  let shown: TestPicture[];
  let tile: TileDecoder;

  beforeEach(() => {
    env = new TestEnvironment();
    shown = [];
    tile = new TileDecoder(env, (picture) => shown.push(picture as TestPicture));
    tile.configure('avc1.64001f', 640, 360);
  });

  it('asks for Annex-B: no description is given', () => {
    tile.push(frame(KEY));
    expect(env.decoder.config).toEqual({
      codec: 'avc1.64001f',
      optimizeForLatency: true,
      codedWidth: 640,
      codedHeight: 360,
    });
  });

  it('starts on a keyframe', () => {
    tile.push(frame());
    tile.push(frame());
    expect(env.decoders).toHaveLength(0);
    expect(tile.dropped).toBe(2);
    tile.push(frame(KEY));
    tile.push(frame());
    expect(env.decoder.given.map((chunk) => chunk.type)).toEqual(['key', 'delta']);
  });

  it('takes nothing before it knows the codec', () => {
    const unknown = new TileDecoder(env, () => undefined);
    unknown.push(frame(KEY));
    expect(env.decoders).toHaveLength(0);
    expect(unknown.dropped).toBe(1);
  });

  it('tells capture time and latency of the frame that came out, not of the last that went in', () => {
    tile.push(frame({ ...KEY, captureUs: 111, arrivalUs: env.now * 1000 }));
    tile.push(frame({ captureUs: 222, arrivalUs: env.now * 1000 }));
    env.advance(40);
    env.decoder.emit();
    expect(tile.captureUs).toBe(111);
    expect(tile.decodedMs).toBe(env.now);
    expect(tile.latencies.toArray()).toEqual([40]);
    expect([tile.decoded, tile.width, tile.height]).toEqual([1, 640, 360]);
  });

  it('follows the order of display when the decoder reorders', () => {
    tile.push(frame({ ...KEY, captureUs: 1 }));
    tile.push(frame({ captureUs: 3 }));
    tile.push(frame({ captureUs: 2 }));
    env.decoder.queued.sort(
      (a, b) => [1, 3, 2].indexOf(a.timestamp) - [1, 3, 2].indexOf(b.timestamp),
    );
    const captures = [1, 2, 3].map(() => {
      env.decoder.emit();
      return tile.captureUs;
    });
    expect(captures).toEqual([1, 2, 3]);
  });

  it('lets the burst of a whole GOP through', () => {
    tile.push(frame(KEY));
    for (let i = 0; i < 4 * QUEUE_SOFT; i += 1) tile.push(frame());
    expect(tile.dropped).toBe(0);
    expect(env.decoder.given).toHaveLength(4 * QUEUE_SOFT + 1);
  });

  it('goes on to the next keyframe when the decoder is behind', () => {
    tile.push(frame(KEY));
    for (let i = 0; i < QUEUE_SOFT; i += 1) tile.push(frame());
    const slow = env.decoder;
    env.advance(LAG_MS + 1);
    tile.push(frame());
    expect(slow.state).toBe('closed');
    expect(tile.dropped).toBe(QUEUE_SOFT + 2);
    tile.push(frame(KEY));
    expect(env.decoder).not.toBe(slow);
    env.decoder.emit();
    expect(tile.decoded).toBe(1);
  });

  it('is not behind when it is only slow to be given frames', () => {
    tile.push(frame(KEY));
    env.advance(10 * LAG_MS);
    tile.push(frame());
    expect(tile.dropped).toBe(0);
  });

  it('recovers from an error at the next keyframe', () => {
    tile.push(frame(KEY));
    env.decoder.fail('EncodingError');
    expect(tile.issue).toBeNull();
    tile.push(frame());
    expect(env.decoders).toHaveLength(1);
    tile.push(frame(KEY));
    env.decoder.emit();
    expect([tile.decoded, shown.length]).toEqual([1, 1]);
  });

  it('says bad_data when errors go on, and takes it back with the first picture', () => {
    for (let i = 0; i < 3; i += 1) {
      tile.push(frame(KEY));
      env.decoder.fail('EncodingError');
    }
    expect(tile.issue).toBe('bad_data');
    tile.push(frame(KEY));
    env.decoder.emit();
    expect(tile.issue).toBeNull();
  });

  it('gives up on a codec that the browser does not have, until another is told', () => {
    tile.push(frame(KEY));
    env.decoder.fail('NotSupportedError');
    expect(tile.issue).toBe('unsupported_codec');
    tile.push(frame(KEY));
    expect(env.decoders).toHaveLength(1);
    tile.configure('avc1.42001f', 0, 0);
    tile.push(frame(KEY));
    expect(tile.issue).toBeNull();
    expect(env.decoder.config).toEqual({ codec: 'avc1.42001f', optimizeForLatency: true });
  });

  it('says unsupported_codec where the codec is no word of WebCodecs', () => {
    tile.configure('mjpeg', 640, 360);
    tile.push(frame(KEY));
    expect(tile.issue).toBe('unsupported_codec');
  });

  it('says no_webcodecs where the browser has none', () => {
    env.makeDecoder = () => {
      throw new ReferenceError('VideoDecoder is not defined');
    };
    tile.push(frame(KEY));
    expect(tile.issue).toBe('no_webcodecs');
  });

  it('closes a picture that a former decoder hands in late', () => {
    tile.push(frame(KEY));
    const former = env.decoder;
    const [chunk] = former.queued;
    tile.configure('avc1.64001f', 320, 180);
    if (chunk !== undefined) former.queued.push(chunk);
    expect(former.emit().closed).toBe(1);
    expect([tile.decoded, shown.length]).toEqual([0, 0]);
  });
});
