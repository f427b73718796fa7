import { Backoff } from './backoff';
import { ServerClock } from './clock';
import { TileDecoder, type DecoderEnvironment } from './decoder';
import type { Connection, Notice, TileReport } from './messages';
import { parseFrame, parseMessage, watchMessage, type Frame, type WantedTile } from './protocol';
import type { Surface } from './surface';

/** The wanted set is sent again this often: it also makes a dead connection fail. */
export const RENEW_MS = 20_000;
/** Changes of the wanted set closer together than this go as one: the server counts messages. */
export const SETTLE_MS = 250;

/** The part of `WebSocket` that we use. */
export interface SocketPort {
  binaryType: BinaryType;
  onopen: ((event: Event) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  onmessage: ((event: MessageEvent<unknown>) => void) | null;
  send(data: string): void;
  close(): void;
}

export interface ClientEnvironment extends DecoderEnvironment {
  openSocket(url: string): SocketPort;
  after(ms: number, run: () => void): number;
  cancel(timer: number): void;
  post(notice: Notice): void;
}

/** One tile: which camera is wanted, whether the server has begun it, and its decoder. */
interface Slot {
  camera: string;
  /** The server has announced this camera on this tile; frames before that are another's. */
  announced: boolean;
  refused: 'forbidden' | 'not_found' | null;
  decoder: TileDecoder;
}

/** The wall's one connection: keeps it, decodes what it brings and reports. */
export class LiveClient {
  readonly #clock = new ServerClock();
  readonly #slots = new Map<number, Slot>();
  readonly #surfaces = new Map<number, Surface>();
  #url = '';
  #socket: SocketPort | null = null;
  #open = false;
  #timer: number | null = null;
  #lastWatchMs = -Infinity;

  constructor(
    private readonly env: ClientEnvironment,
    private readonly backoff = new Backoff(),
  ) {}

  start(url: string): void {
    if (this.#url !== '') return;
    this.#url = url;
    this.#connect();
  }

  stop(): void {
    this.#url = '';
    this.#clearTimer();
    this.#leave();
    this.watch([]);
    this.#tell('idle');
  }

  attach(tile: number, surface: Surface): void {
    this.#surfaces.set(tile, surface);
  }

  size(tile: number, width: number): void {
    this.#surfaces.get(tile)?.setWidth(width);
  }

  detach(tile: number): void {
    this.#surfaces.get(tile)?.clear();
    this.#surfaces.delete(tile);
  }

  /** Want exactly these tiles. A tile that keeps its camera goes on undisturbed. */
  watch(tiles: readonly WantedTile[]): void {
    const wanted = new Map(tiles.map(({ tile, camera }) => [tile, camera]));
    for (const [tile, slot] of this.#slots) {
      if (wanted.get(tile) === slot.camera) continue;
      slot.decoder.close();
      this.#slots.delete(tile);
      this.#surfaces.get(tile)?.clear();
    }
    for (const [tile, camera] of wanted) {
      if (!this.#slots.has(tile)) this.#slots.set(tile, this.#slot(tile, camera));
    }
    this.#sendWatch();
  }

  /** Say how each tile is doing; called by the worker on a timer, frames or none. */
  report(): void {
    const tiles = [...this.#slots].map(([tile, slot]) => describe(tile, slot));
    this.env.post({ type: 'report', offsetUs: this.#clock.offsetUs, tiles });
  }

  #slot(tile: number, camera: string): Slot {
    const decoder = new TileDecoder(this.env, (picture) => {
      const surface = this.#surfaces.get(tile);
      if (surface === undefined) picture.close();
      else surface.show(picture);
    });
    return { camera, announced: false, refused: null, decoder };
  }

  #connect(): void {
    this.#clearTimer();
    this.#tell('connecting');
    const socket = this.env.openSocket(this.#url);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#open = true;
      this.#tell('open');
      this.#lastWatchMs = -Infinity;
      this.#sendWatch();
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = () => {
      this.#leave();
      const retryMs = this.backoff.next();
      this.#tell('waiting', retryMs);
      this.#timer = this.env.after(retryMs, () => this.#connect());
    };
  }

  /** Let go of the socket. Pictures stay on their tiles: their age tells that they are old. */
  #leave(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    for (const slot of this.#slots.values()) slot.announced = false;
    if (socket === null) return;
    socket.onopen = socket.onclose = socket.onmessage = null;
    socket.close();
  }

  #receive(data: unknown): void {
    this.backoff.reset();
    if (typeof data === 'string') this.#text(data);
    else if (data instanceof ArrayBuffer) {
      const frame = parseFrame(data);
      if (frame !== null) this.#frame(frame);
    }
  }

  #frame(frame: Frame): void {
    this.#clock.observe(frame.sentUs, this.env.nowMs());
    const slot = this.#slots.get(frame.tile);
    if (slot?.announced) slot.decoder.push(frame);
  }

  #text(text: string): void {
    const message = parseMessage(text);
    if (message === null) return;
    if (message.type === 'state') {
      this.env.post({ type: 'state', state: message });
      return;
    }
    const slot = this.#slots.get(message.tile);
    if (slot === undefined) return;
    if (message.type === 'skipped') slot.decoder.dropped += message.frames;
    else if (message.camera !== slot.camera) return;
    else if (message.type === 'denied') {
      slot.refused = message.code === 'forbidden' ? 'forbidden' : 'not_found';
    } else {
      slot.announced = true;
      slot.refused = null;
      slot.decoder.configure(message.codec, message.width, message.height);
    }
  }

  #sendWatch(): void {
    if (this.#socket === null || !this.#open) return;
    this.#clearTimer();
    const now = this.env.nowMs();
    const since = now - this.#lastWatchMs;
    if (since >= 0 && since < SETTLE_MS) {
      this.#timer = this.env.after(SETTLE_MS - since, () => this.#sendWatch());
      return;
    }
    this.#lastWatchMs = now;
    const tiles = [...this.#slots].map(([tile, { camera }]) => ({ tile, camera }));
    this.#socket.send(watchMessage(tiles));
    this.#timer = this.env.after(RENEW_MS, () => this.#sendWatch());
  }

  #tell(state: Connection, retryMs = 0): void {
    this.env.post({ type: 'connection', state, retryMs });
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.env.cancel(this.#timer);
    this.#timer = null;
  }
}

function describe(tile: number, slot: Slot): TileReport {
  const { decoder } = slot;
  return {
    tile,
    camera: slot.camera,
    decoded: decoder.decoded,
    dropped: decoder.dropped,
    captureUs: decoder.captureUs,
    decodedMs: decoder.decodedMs,
    width: decoder.width,
    height: decoder.height,
    issue: slot.refused ?? decoder.issue,
    latencies: decoder.latencies.drain(),
  };
}
