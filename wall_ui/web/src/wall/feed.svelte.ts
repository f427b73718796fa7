import { SvelteMap } from 'svelte/reactivity';

import type { Api } from '../api/client';
import type { CameraEvent, CameraStateEvent } from '../api/types';
import { Backoff } from '../live/backoff';
import { mergeEvents } from '../live/eventlist';

const FIRST_PAGE = 50;
const KEPT = 200;

/** A state from either connection; the live one may be of a newer server than these types. */
export type KnownState = Pick<
  CameraStateEvent,
  'camera_id' | 'reason_code' | 'reason' | 'updated'
> & { state: string };

/**
 * Events and camera states from `/api/v1/stream`. The browser resumes a broken stream by itself
 * (Last-Event-ID); one that was answered with an error is opened anew here, and the first page of
 * events then fills what was missed.
 */
export class Feed {
  events = $state.raw<readonly CameraEvent[]>([]);
  connected = $state(false);
  failed = $state(false);
  readonly states = new SvelteMap<string, KnownState>();
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #backoff = new Backoff(1000, 15_000);
  #closed = false;

  constructor(private readonly api: Api) {}

  open(): void {
    this.#closed = false;
    void this.#load();
    const source = new EventSource('/api/v1/stream');
    this.#source = source;
    source.addEventListener('hello', () => {
      this.connected = true;
      this.#backoff.reset();
    });
    source.addEventListener('event', ({ data }: MessageEvent<string>) => {
      const event = read<CameraEvent>(data);
      if (event !== null) this.events = mergeEvents(this.events, [event], KEPT);
    });
    source.addEventListener('state', ({ data }: MessageEvent<string>) => {
      const state = read<CameraStateEvent>(data);
      if (state !== null) this.take(state);
    });
    source.onerror = () => {
      this.connected = false;
      if (source.readyState === EventSource.CLOSED) void this.#reopen(source);
    };
  }

  close(): void {
    this.#closed = true;
    this.connected = false;
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** Take a state from whichever connection brought it; an older report never replaces a newer. */
  take(state: KnownState): void {
    const known = this.states.get(state.camera_id);
    if (known !== undefined && Date.parse(known.updated) > Date.parse(state.updated)) return;
    this.states.set(state.camera_id, state);
  }

  async #load(): Promise<void> {
    try {
      const page = await this.api.events(FIRST_PAGE);
      this.events = mergeEvents(this.events, page.items, KEPT);
      this.failed = false;
    } catch {
      this.failed = true; // said in the panel; the stream goes on by itself
    }
  }

  async #reopen(source: EventSource): Promise<void> {
    if (source !== this.#source) return;
    this.#source = null;
    const session = await this.api.session().catch(() => undefined);
    if (this.#closed) return;
    if (session === null) this.api.onSignedOut();
    else this.#timer = setTimeout(() => this.open(), this.#backoff.next());
  }
}

function read<T>(data: string): T | null {
  try {
    return JSON.parse(data) as T;
  } catch {
    return null; // a line that is no JSON is not ours
  }
}
