import type { Camera, Config, Session } from '../../api/types';
import { tileStatus, type TileStatus } from '../../live/status';
import { FocusPlayer } from '../../wall/focus.svelte';
import { LiveWall } from '../../wall/live.svelte';
import { Ticker, TICK_MS } from '../../wall/ticker.svelte';

const TILE = 0;

/** The camera page's one moving picture: WebRTC first, the WebSocket where that fails. */
export class CameraLive {
  readonly tile = TILE;
  readonly live = new LiveWall();
  readonly ticker = new Ticker();
  readonly player: FocusPlayer;
  readonly #staleMs: number;

  constructor(
    private readonly cameraId: string,
    config: Config,
    session: Session,
  ) {
    this.player = new FocusPlayer(cameraId, session.csrf_token);
    this.#staleMs = config.stale_after_s * 1000 - TICK_MS;
  }

  open(): void {
    void this.player.open();
  }

  /** Ask the WebSocket for the camera once WebRTC has failed; called as an effect. */
  fallBack(): void {
    if (this.player.failure === null) return;
    this.live.start();
    this.live.watch([{ tile: TILE, camera: this.cameraId }]);
  }

  close(): void {
    this.player.close();
    this.live.close();
    this.ticker.close();
  }

  status(camera: Camera): TileStatus {
    const state = camera.status;
    if (this.player.failure === null) {
      const report = { decoded: this.player.stats?.framesDecoded ?? 0, issue: null };
      const age = this.ticker.nowMs - this.player.decodedMs;
      return tileStatus(state, report, age, this.#staleMs, camera.enabled);
    }
    const report = this.live.reports.get(TILE) ?? null;
    const age = report === null ? 0 : this.live.ageMs(report, this.ticker.nowMs);
    return tileStatus(state, report, age, this.#staleMs, camera.enabled);
  }
}
