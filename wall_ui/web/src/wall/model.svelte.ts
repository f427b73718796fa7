import type { Api } from '../api/client';
import type { Camera, Config, Session } from '../api/types';
import { kindWords, type Language } from '../i18n/format';
import { tileStatus, type TileStatus } from '../live/status';
import type { FocusStats } from '../live/whep';
import { Board } from './board.svelte';
import { expose } from './diagnostics';
import { Feed } from './feed.svelte';
import { FocusPlayer } from './focus.svelte';
import { LiveWall } from './live.svelte';
import { Roster } from './roster.svelte';
import { Ticker, TICK_MS } from './ticker.svelte';

/** The focused view's tile on the WebSocket; far from the grid's own numbers. */
export const FOCUS_TILE = 1000;
/** How long a tile tells of an event that has just happened, ms. */
const NEWS_MS = 8000;

/** All that one wall knows. It lives as long as one sign-in. */
export class WallModel {
  readonly roster: Roster;
  readonly feed: Feed;
  readonly board: Board;
  readonly live = new LiveWall();
  readonly ticker = new Ticker();
  player = $state.raw<FocusPlayer | null>(null);
  readonly #mayWatch: boolean;
  readonly #staleMs: number;
  #hide: () => void = () => undefined;

  constructor(
    private readonly api: Api,
    config: Config,
    private readonly session: Session,
  ) {
    this.roster = new Roster(api);
    this.feed = new Feed(api);
    this.board = new Board(this.roster);
    this.#mayWatch = session.user.actions.includes('live.view');
    this.#staleMs = config.stale_after_s * 1000 - TICK_MS;
  }

  /** The server's time in whole seconds, as this browser knows it, ms. */
  readonly secondMs = $derived.by(
    () => Math.floor((this.ticker.nowMs + this.live.offsetUs / 1000) / 1000) * 1000,
  );

  readonly focused = $derived.by((): Camera | undefined =>
    this.player === null ? undefined : this.roster.byId.get(this.player.cameraId),
  );

  readonly focusStats = $derived.by((): FocusStats | null => {
    if (this.player === null) return null;
    if (this.player.failure === null) return this.player.stats;
    const report = this.live.reports.get(FOCUS_TILE);
    if (report === undefined) return null;
    const { decoded, width, height } = report;
    return { transport: 'websocket', framesDecoded: decoded, fps: 0, width, height };
  });

  open(): void {
    this.live.onState = (state) => this.feed.take({ ...state, camera_id: state.camera });
    this.live.onLost = () => void this.#checkSession();
    this.roster.open();
    this.feed.open();
    if (this.#mayWatch) this.live.start();
    this.#hide = expose({
      stats: () => this.live.stats(),
      clearLatencies: () => this.live.clearLatencies(),
      focusStats: () => this.focusStats,
      connection: () => this.live.connection,
      clockOffsetMs: () => this.live.offsetUs / 1000,
    });
  }

  close(): void {
    this.#hide();
    this.player?.close();
    this.live.close();
    this.feed.close();
    this.roster.close();
    this.ticker.close();
  }

  /** Ask for what can be seen, and no more: under the focused view the grid costs nothing. */
  watch(): void {
    const { player, board, live } = this;
    if (player !== null) {
      live.watch(player.failure === null ? [] : [{ tile: FOCUS_TILE, camera: player.cameraId }]);
      return;
    }
    live.watch(
      board.shown.flatMap((camera, tile) => (camera?.enabled ? [{ tile, camera: camera.id }] : [])),
    );
  }

  statusOf(camera: Camera | undefined, tile: number): TileStatus {
    if (!this.#mayWatch) return tileStatus(null, { decoded: 0, issue: 'forbidden' }, 0, 0);
    const report = this.live.reports.get(tile);
    const mine = report !== undefined && report.camera === camera?.id ? report : null;
    const age = mine === null ? 0 : this.live.ageMs(mine, this.ticker.nowMs);
    return tileStatus(this.#stateOf(camera), mine, age, this.#staleMs, camera?.enabled ?? true);
  }

  focusStatus(camera: Camera, player: FocusPlayer): TileStatus {
    if (player.failure !== null) return this.statusOf(camera, FOCUS_TILE);
    const report = { decoded: player.stats?.framesDecoded ?? 0, issue: null };
    const age = this.ticker.nowMs - player.decodedMs;
    return tileStatus(this.#stateOf(camera), report, age, this.#staleMs, camera.enabled);
  }

  openFocus(tile: number): void {
    const camera = this.board.shown[tile];
    if (camera === undefined || this.player !== null || !this.#mayWatch) return;
    this.board.chosen = tile;
    this.player = new FocusPlayer(camera.id, this.session.csrf_token);
    void this.player.open();
  }

  closeFocus(): void {
    this.player?.close();
    this.player = null;
  }

  /** Words of events that have just happened, by camera. */
  news(language: Language): ReadonlyMap<string, string> {
    const recent = new Map<string, string>();
    for (const event of this.feed.events) {
      const fresh = this.secondMs - Date.parse(event.emitted_at) <= NEWS_MS;
      if (!fresh || recent.has(event.camera_id)) continue;
      recent.set(event.camera_id, kindWords(language, event.kind));
    }
    return recent;
  }

  #stateOf(camera: Camera | undefined) {
    return camera === undefined ? null : (this.feed.states.get(camera.id) ?? camera.status);
  }

  async #checkSession(): Promise<void> {
    const known = await this.api.session().catch(() => undefined);
    if (known === null) this.api.onSignedOut();
  }
}
