import { openWhep, videoStats, WhepError, type FocusStats, type WhepFailure } from '../live/whep';

const POLL_MS = 500;
/** WebRTC that has brought no picture after this long is given up, ms. */
const FIRST_PICTURE_MS = 10_000;

/**
 * One camera over WebRTC. When that fails, `failure` says why and the view uses the WebSocket.
 * A picture's age here is the time since the count of decoded frames last rose.
 */
export class FocusPlayer {
  stats = $state.raw<FocusStats | null>(null);
  failure = $state<WhepFailure | null>(null);
  /** When the last picture was decoded, browser's clock, ms; 0 before the first. */
  decodedMs = $state(0);
  readonly stream = new MediaStream();
  readonly #abort = new AbortController();
  #leave: () => void = () => undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    readonly cameraId: string,
    private readonly csrfToken: string,
  ) {}

  async open(): Promise<void> {
    try {
      const session = await openWhep(
        `/live/whep/${encodeURIComponent(this.cameraId)}`,
        this.csrfToken,
        (stream) => stream.getTracks().forEach((track) => this.stream.addTrack(track)),
        this.#abort.signal,
      );
      if (this.#abort.signal.aborted) return session.close();
      this.#leave = () => session.close();
      this.#watch(session.peer);
    } catch (cause) {
      if (!this.#abort.signal.aborted) {
        this.#fail(cause instanceof WhepError ? cause.failure : 'network');
      }
    }
  }

  close(): void {
    this.#abort.abort();
    this.#end();
  }

  #watch(peer: RTCPeerConnection): void {
    const openedMs = Date.now();
    peer.addEventListener('connectionstatechange', () => {
      if (peer.connectionState === 'failed') this.#fail('network');
    });
    this.#timer = setInterval(() => void this.#poll(peer, openedMs), POLL_MS);
  }

  async #poll(peer: RTCPeerConnection, openedMs: number): Promise<void> {
    const stats = await videoStats(peer);
    if (this.#abort.signal.aborted || this.failure !== null) return;
    if (stats !== null && stats.framesDecoded > (this.stats?.framesDecoded ?? 0)) {
      this.decodedMs = Date.now();
    }
    this.stats = stats;
    if (this.decodedMs === 0 && Date.now() - openedMs > FIRST_PICTURE_MS) this.#fail('no_frames');
  }

  #fail(failure: WhepFailure): void {
    this.#end();
    this.stats = null;
    this.failure = failure;
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#leave();
    this.#leave = () => undefined;
  }
}
