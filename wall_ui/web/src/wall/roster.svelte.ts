import type { Api } from '../api/client';
import type { Camera, CameraEvent } from '../api/types';
import type { Language } from '../i18n/format';

const REFRESH_MS = 30_000;
/** An unknown camera in the stream makes the list be read again, but not more often than this. */
const HURRY_MS = 2_000;

/** The cameras that this account may see, in a stable order. */
export class Roster {
  cameras = $state.raw<readonly Camera[]>([]);
  loaded = $state(false);
  failed = $state(false);
  readonly byId = $derived(new Map(this.cameras.map((camera) => [camera.id, camera])));
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastMs = 0;
  #closed = false;

  constructor(private readonly api: Api) {}

  open(): void {
    this.#closed = false;
    void this.#load();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Somebody spoke of this camera; read the list again where we do not know it. */
  heardOf(id: string): void {
    if (this.byId.has(id) || !this.loaded) return;
    this.#schedule(Math.max(0, HURRY_MS - (Date.now() - this.#lastMs)));
  }

  async #load(): Promise<void> {
    this.#lastMs = Date.now();
    try {
      const cameras = await this.api.cameras();
      const order = new Intl.Collator('vi', { numeric: true });
      this.cameras = cameras.sort(
        (a, b) => order.compare(a.name, b.name) || (a.id < b.id ? -1 : 1),
      );
      this.loaded = true;
      this.failed = false;
    } catch {
      this.failed = true; // shown on the wall; the next round tries again
    }
    if (!this.#closed) this.#schedule(this.failed ? HURRY_MS : REFRESH_MS);
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#load(), ms);
  }
}

export function unitName(camera: Camera | undefined, language: Language): string {
  if (camera === undefined) return '';
  const name = language === 'vi' ? camera.unit_name_vi : camera.unit_name_en;
  return name || camera.unit_code;
}

/** An event outlives its camera; then only the camera's id is known. */
export function cameraName(event: CameraEvent): string {
  return event.camera_name ?? event.camera_id;
}
