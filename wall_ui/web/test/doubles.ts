import type { ClientEnvironment, SocketPort } from '../src/live/client';
import type { DecoderPort, Picture } from '../src/live/decoder';
import type { Notice } from '../src/live/messages';

/** Stands in for a `VideoFrame`; counts how often it was closed. */
export class TestPicture implements Picture {
  closed = 0;
  constructor(
    readonly timestamp: number,
    readonly displayWidth = 640,
    readonly displayHeight = 360,
  ) {}

  close(): void {
    this.closed += 1;
  }
}

/** Stands in for `VideoDecoder`: it keeps what it is given until the test lets it out. */
export class TestDecoder implements DecoderPort {
  state = 'unconfigured';
  config: VideoDecoderConfig | null = null;
  queued: { type: string; timestamp: number }[] = [];
  given: { type: string; timestamp: number }[] = [];

  constructor(
    readonly output: (picture: Picture) => void,
    readonly error: (cause: Error) => void,
  ) {}

  get decodeQueueSize(): number {
    return this.queued.length;
  }

  configure(config: VideoDecoderConfig): void {
    if (config.codec === 'mjpeg') throw new TypeError('no such codec');
    this.config = config;
    this.state = 'configured';
  }

  decode(chunk: EncodedVideoChunk): void {
    if (this.state !== 'configured') throw new DOMException('closed', 'InvalidStateError');
    const { type, timestamp } = chunk;
    this.queued.push({ type, timestamp });
    this.given.push({ type, timestamp });
  }

  close(): void {
    if (this.state === 'closed') throw new DOMException('closed', 'InvalidStateError');
    this.state = 'closed';
    this.queued = [];
  }

  /** Decode the oldest chunk. */
  emit(): TestPicture {
    const chunk = this.queued.shift();
    if (chunk === undefined) throw new Error('nothing is queued');
    const picture = new TestPicture(chunk.timestamp);
    this.output(picture);
    return picture;
  }

  /** Fail as WebCodecs does: the decoder is closed, then the callback is called. */
  fail(name: string): void {
    this.state = 'closed';
    this.error(new DOMException('failed', name));
  }
}

export class TestSocket implements SocketPort {
  binaryType: BinaryType = 'blob';
  onopen: SocketPort['onopen'] = null;
  onclose: SocketPort['onclose'] = null;
  onmessage: SocketPort['onmessage'] = null;
  sent: string[] = [];
  closed = false;

  constructor(readonly url: string) {}

  send(data: string): void {
    this.sent.push(data);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.(new Event('open'));
  }

  drop(): void {
    this.onclose?.(new Event('close') as CloseEvent);
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) } as MessageEvent<unknown>);
  }

  bring(data: ArrayBuffer): void {
    this.onmessage?.({ data } as MessageEvent<unknown>);
  }
}

/** A whole environment with a clock that only the test moves. */
export class TestEnvironment implements ClientEnvironment {
  now = 1_700_000_000_000;
  decoders: TestDecoder[] = [];
  sockets: TestSocket[] = [];
  notices: Notice[] = [];
  #timers = new Map<number, { at: number; run: () => void }>();
  #nextTimer = 1;

  nowMs = (): number => this.now;

  makeDecoder = (
    output: (picture: Picture) => void,
    error: (cause: Error) => void,
  ): DecoderPort => {
    const decoder = new TestDecoder(output, error);
    this.decoders.push(decoder);
    return decoder;
  };

  makeChunk = (init: EncodedVideoChunkInit): EncodedVideoChunk =>
    ({ type: init.type, timestamp: init.timestamp }) as EncodedVideoChunk;

  openSocket = (url: string): SocketPort => {
    const socket = new TestSocket(url);
    this.sockets.push(socket);
    return socket;
  };

  after = (ms: number, run: () => void): number => {
    this.#timers.set(this.#nextTimer, { at: this.now + ms, run });
    return this.#nextTimer++;
  };

  cancel = (timer: number): void => {
    this.#timers.delete(timer);
  };

  post = (notice: Notice): void => {
    this.notices.push(notice);
  };

  advance(ms: number): void {
    this.now += ms;
    for (const [id, timer] of [...this.#timers]) {
      if (timer.at > this.now || !this.#timers.delete(id)) continue;
      timer.run();
    }
  }

  get decoder(): TestDecoder {
    return last(this.decoders);
  }

  get socket(): TestSocket {
    return last(this.sockets);
  }
}

export function last<T>(items: readonly T[]): T {
  const item = items.at(-1);
  if (item === undefined) throw new Error('there is none');
  return item;
}
