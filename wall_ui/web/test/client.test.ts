import { beforeEach, describe, expect, it } from 'vitest';

import { Backoff } from '../src/live/backoff';
import { LiveClient, RENEW_MS, SETTLE_MS } from '../src/live/client';
import type { Notice, TileReport } from '../src/live/messages';
import { TestEnvironment } from './doubles';
import { wire } from './frames';

const TILE = { type: 'tile', tile: 0, camera: 'a', codec: 'avc1.64001f', width: 640, height: 360 };

describe('LiveClient', () => {
  let env: TestEnvironment;
  let client: LiveClient;

  beforeEach(() => {
    env = new TestEnvironment();
    client = new LiveClient(env, new Backoff(1000, 8000, () => 1));
    client.watch([{ tile: 0, camera: 'a' }]);
    client.start('ws://wall/live/ws');
  });

  function connections(): string[] {
    return env.notices.flatMap((notice) => (notice.type === 'connection' ? [notice.state] : []));
  }

  function report(tile = 0): TileReport | undefined {
    client.report();
    const notice = env.notices.findLast(
      (one): one is Extract<Notice, { type: 'report' }> => one.type === 'report',
    );
    return notice?.tiles.find((one) => one.tile === tile);
  }

  function begin(): void {
    env.socket.open();
    env.socket.say(TILE);
    env.socket.bring(wire({ keyframe: true, captureUs: 5, sentUs: env.now * 1000 + 7 }));
    env.decoder.emit();
  }

  it('asks for the wanted set when it is connected, and again from time to time', () => {
    expect(env.socket.sent).toEqual([]);
    env.socket.open();
    expect(env.socket.sent).toHaveLength(1);
    expect(JSON.parse(env.socket.sent[0] ?? '')).toEqual({
      type: 'watch',
      tiles: [{ tile: 0, camera: 'a' }],
    });
    env.advance(RENEW_MS);
    expect(env.socket.sent).toHaveLength(2);
    expect(env.socket.binaryType).toBe('arraybuffer');
  });

  it('sends quick changes as one', () => {
    env.socket.open();
    for (const camera of ['b', 'c', 'd']) client.watch([{ tile: 0, camera }]);
    expect(env.socket.sent).toHaveLength(1);
    env.advance(SETTLE_MS);
    expect(env.socket.sent).toHaveLength(2);
    expect(env.socket.sent[1]).toContain('"d"');
  });

  it('decodes what it is told of, and reports it with the clock of the server', () => {
    begin();
    expect(report()).toMatchObject({ camera: 'a', decoded: 1, captureUs: 5, issue: null });
    expect(env.notices.at(-1)).toMatchObject({ type: 'report', offsetUs: 7 });
  });

  it('reports each latency once', () => {
    begin();
    expect(report()?.latencies).toHaveLength(1);
    expect(report()?.latencies).toHaveLength(0);
  });

  it('never decodes the former camera of a tile under the name of the next', () => {
    begin();
    client.watch([{ tile: 0, camera: 'b' }]);
    env.socket.bring(wire({ keyframe: true }));
    env.socket.say(TILE);
    env.socket.bring(wire({ keyframe: true }));
    expect(report()).toMatchObject({ camera: 'b', decoded: 0 });
    expect(env.decoders).toHaveLength(1);
    env.socket.say({ ...TILE, camera: 'b' });
    env.socket.bring(wire({ keyframe: true }));
    env.decoder.emit();
    expect(report()).toMatchObject({ camera: 'b', decoded: 1 });
  });

  it('leaves a tile alone that keeps its camera', () => {
    begin();
    const decoder = env.decoder;
    client.watch([
      { tile: 0, camera: 'a' },
      { tile: 1, camera: 'b' },
    ]);
    env.socket.bring(wire());
    expect(decoder.given).toHaveLength(2);
  });

  it('keeps its counts over a lost connection, comes back with backoff and starts on a keyframe', () => {
    begin();
    const first = env.socket;
    first.drop();
    expect(env.notices.at(-1)).toEqual({ type: 'connection', state: 'waiting', retryMs: 1000 });
    env.advance(999);
    expect(env.sockets).toHaveLength(1);
    env.advance(1);
    expect(env.sockets).toHaveLength(2);
    env.socket.open();
    expect(env.socket.sent).toHaveLength(1);
    env.socket.bring(wire({ keyframe: true }));
    env.socket.say(TILE);
    env.socket.bring(wire());
    expect(report()).toMatchObject({ decoded: 1, dropped: 1 });
    expect(connections()).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
  });

  it('waits longer each time that the server does not speak', () => {
    for (const wait of [1000, 2000, 4000, 8000, 8000]) {
      env.socket.drop();
      expect(env.notices.at(-1)).toMatchObject({ retryMs: wait });
      env.advance(wait);
    }
    env.socket.open();
    env.socket.say(TILE);
    env.socket.drop();
    expect(env.notices.at(-1)).toMatchObject({ retryMs: 1000 });
  });

  it('tells a refusal on the tile, and forgets it when the camera is given', () => {
    env.socket.open();
    env.socket.say({ type: 'denied', tile: 0, camera: 'a', code: 'forbidden' });
    expect(report()?.issue).toBe('forbidden');
    env.socket.say(TILE);
    expect(report()?.issue).toBeNull();
  });

  it('counts what the server skipped', () => {
    env.socket.open();
    env.socket.say({ type: 'skipped', tile: 0, frames: 12 });
    expect(report()?.dropped).toBe(12);
  });

  it('passes states on, and shrugs at what it does not know', () => {
    env.socket.open();
    const state = { type: 'state', camera: 'a', state: 'live', reason_code: 'live', reason: '' };
    env.socket.say(state);
    env.socket.say({ type: 'news' });
    env.socket.bring(new ArrayBuffer(3));
    env.socket.bring(wire({ tile: 77, keyframe: true }));
    expect(env.notices.at(-1)).toMatchObject({ type: 'state', state });
  });

  it('stops for good', () => {
    begin();
    client.stop();
    expect(env.socket.closed).toBe(true);
    env.advance(60_000);
    expect(env.sockets).toHaveLength(1);
    expect(connections().at(-1)).toBe('idle');
  });
});
