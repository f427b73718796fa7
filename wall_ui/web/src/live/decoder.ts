import type { Frame } from './protocol';
import { NumberRing } from './ring';

/** What stands in the way of decoding at all; the page has words for each. */
export type DecoderIssue = 'unsupported_codec' | 'bad_data' | 'no_webcodecs';

/** The part of a decoded picture that we use; a `VideoFrame` is one. Close it exactly once. */
export interface Picture {
  readonly displayWidth: number;
  readonly displayHeight: number;
  readonly timestamp: number;
  close(): void;
}

/** The part of WebCodecs' `VideoDecoder` that we use. */
export interface DecoderPort {
  readonly decodeQueueSize: number;
  readonly state: string;
  configure(config: VideoDecoderConfig): void;
  decode(chunk: EncodedVideoChunk): void;
  close(): void;
}

export interface DecoderEnvironment {
  nowMs(): number;
  makeDecoder(output: (picture: Picture) => void, error: (cause: Error) => void): DecoderPort;
  makeChunk(init: EncodedVideoChunkInit): EncodedVideoChunk;
}

/** Chunks in the decoder before its delay is looked at: the burst of a GOP at the start is more. */
export const QUEUE_SOFT = 30;
/** A decoder that holds a chunk for longer than this is behind, ms. */
export const LAG_MS = 1500;
/** Chunks that may wait in any case; bounds the memory. */
export const QUEUE_HARD = 900;
/** Failures in a row, without one picture between, before the tile says so. */
const ERRORS_TO_TELL = 3;
/** Latencies kept between two reports: 500 ms hold at most a burst of one GOP. */
const LATENCIES = 1024;

interface Submitted {
  captureUs: number;
  arrivalUs: number;
  atMs: number;
}

/**
 * Decodes one tile. It starts on a keyframe, goes on to the next keyframe when it falls behind or
 * fails, and hands each picture to `show`, which owns it from then on.
 */
export class TileDecoder {
  decoded = 0;
  dropped = 0;
  captureUs = 0;
  decodedMs = 0;
  width = 0;
  height = 0;
  issue: DecoderIssue | null = null;
  readonly latencies = new NumberRing(LATENCIES);

  #port: DecoderPort | null = null;
  #config: VideoDecoderConfig | null = null;
  #needKeyframe = true;
  #errors = 0;
  #ticket = 0;
  #submitted = new Map<number, Submitted>();

  constructor(
    private readonly env: DecoderEnvironment,
    private readonly show: (picture: Picture) => void,
  ) {}

  /** Take the stream's codec. No `description` is given: that is what makes it Annex-B. */
  configure(codec: string, width: number, height: number): void {
    this.#stop();
    this.issue = null;
    this.#errors = 0;
    this.#config = { codec, optimizeForLatency: true };
    if (width > 0 && height > 0) {
      this.#config.codedWidth = width;
      this.#config.codedHeight = height;
    }
  }

  push(frame: Frame): void {
    if (this.#config === null || this.#hopeless()) {
      this.dropped += 1;
      return;
    }
    if (this.#behind()) this.#stop();
    if (this.#needKeyframe && !frame.keyframe) {
      this.dropped += 1;
      return;
    }
    try {
      this.#port ??= this.#open(this.#config);
      this.#submit(this.#port, frame);
    } catch (cause) {
      this.#fail(cause);
      this.dropped += 1;
    }
  }

  close(): void {
    this.#stop();
    this.#config = null;
  }

  #hopeless(): boolean {
    return this.issue === 'unsupported_codec' || this.issue === 'no_webcodecs';
  }

  #open(config: VideoDecoderConfig): DecoderPort {
    const port: DecoderPort = this.env.makeDecoder(
      (picture) => this.#output(port, picture),
      (cause) => {
        if (port === this.#port) this.#fail(cause);
      },
    );
    try {
      port.configure(config);
    } catch {
      // A codec string that the browser cannot even read (MJPEG is none of WebCodecs' words).
      throw new DOMException('the codec is not known', 'NotSupportedError');
    }
    return port;
  }

  #submit(port: DecoderPort, frame: Frame): void {
    // The decoder hands a chunk's time stamp back with its picture, in the order of display, so it
    // serves as a ticket; capture times need not be unique.
    const ticket = ++this.#ticket;
    this.#submitted.set(ticket, {
      captureUs: frame.captureUs,
      arrivalUs: frame.arrivalUs,
      atMs: this.env.nowMs(),
    });
    const type = frame.keyframe ? 'key' : 'delta';
    port.decode(this.env.makeChunk({ type, timestamp: ticket, data: frame.data }));
    this.#needKeyframe = false;
  }

  #output(port: DecoderPort, picture: Picture): void {
    const from = this.#submitted.get(picture.timestamp);
    if (port !== this.#port || from === undefined) {
      picture.close();
      return;
    }
    this.#submitted.delete(picture.timestamp);
    const now = this.env.nowMs();
    this.decoded += 1;
    this.#errors = 0;
    this.issue = null;
    this.captureUs = from.captureUs;
    this.decodedMs = now;
    this.width = picture.displayWidth;
    this.height = picture.displayHeight;
    this.latencies.push(now - from.arrivalUs / 1000);
    this.show(picture);
  }

  #behind(): boolean {
    const port = this.#port;
    if (port === null) return false;
    if (this.#submitted.size > QUEUE_HARD || port.decodeQueueSize > QUEUE_HARD) return true;
    if (port.decodeQueueSize <= QUEUE_SOFT) return false;
    const oldest = this.#submitted.values().next().value;
    return oldest !== undefined && this.env.nowMs() - oldest.atMs > LAG_MS;
  }

  #fail(cause: unknown): void {
    const name = cause instanceof Error ? cause.name : '';
    this.#errors += 1;
    if (name === 'NotSupportedError') this.issue = 'unsupported_codec';
    else if (name === 'ReferenceError') this.issue = 'no_webcodecs';
    else if (this.#errors >= ERRORS_TO_TELL) this.issue = 'bad_data';
    this.#stop();
  }

  #stop(): void {
    const port = this.#port;
    this.#port = null;
    this.#needKeyframe = true;
    this.dropped += this.#submitted.size;
    this.#submitted.clear();
    if (port !== null && port.state !== 'closed') port.close();
  }
}
