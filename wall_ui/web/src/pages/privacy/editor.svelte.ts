import { ApiError, type Api } from '../../api/client';
import type { Camera } from '../../api/types';
import { errorWords } from '../../api/words';
import { getCamera } from '../camera/api';
import type { Point } from '../camera/drawing/geometry';
import { History } from '../camera/drawing/history';
import { saveCamera } from '../cameras/api';
import { added, changed, faultsOf, same, zonesOf, type Zone } from './zones';

/** The privacy zones of one camera while somebody edits them. */
export class ZoneEditor {
  zones = $state.raw<readonly Zone[]>([]);
  selected = $state(0);
  drawing = $state(false);
  busy = $state(false);
  failure = $state('');
  /** What somebody else has saved since these were read, where it differs; null where nobody has. */
  theirs = $state.raw<readonly Zone[] | null>(null);
  canUndo = $state(false);
  canRedo = $state(false);
  #camera = $state.raw<Camera>() as Camera;
  #history: History<readonly Zone[]>;

  readonly zone = $derived(this.zones[this.selected]);
  readonly dirty = $derived(!same(this.zones, zonesOf(this.#camera)));
  readonly faults = $derived(faultsOf(this.zones));

  constructor(
    private readonly api: Api,
    camera: Camera,
  ) {
    this.#camera = camera;
    this.#history = new History(zonesOf(camera));
    this.#show();
  }

  /** Somebody has read the camera again: without changes of ours its zones are shown. */
  seen(camera: Camera): void {
    if (camera.version <= this.#camera.version || this.dirty || this.busy) return;
    this.#take(camera);
  }

  /** Save; true where the hub has taken the zones. */
  async save(): Promise<boolean> {
    this.busy = true;
    this.failure = '';
    try {
      this.#take(await this.#send());
      return true;
    } catch (cause) {
      this.failure = errorWords(cause);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** Let the next save go over what somebody else has saved. */
  keepMine(): void {
    this.theirs = null;
  }

  /** Show what somebody else has saved; the own drawing is one step back. */
  takeTheirs(): void {
    if (this.theirs === null) return;
    const zones = this.theirs;
    this.theirs = null;
    this.#commit(zones);
  }

  select(index: number): void {
    this.selected = index;
    this.drawing = false;
  }

  add(stem: string): void {
    this.#commit(added(this.zones, stem));
    this.select(this.zones.length - 1);
  }

  drop(index: number): void {
    this.#commit(this.zones.filter((_, at) => at !== index));
    this.select(Math.max(0, Math.min(index, this.zones.length - 1)));
  }

  rename(name: string): void {
    this.#commit(changed(this.zones, this.selected, { name }));
  }

  setPoints(points: readonly Point[], done: boolean): void {
    const next = changed(this.#history.present, this.selected, { points });
    if (done) this.#commit(next);
    else {
      this.#history.preview(next);
      this.zones = next;
    }
  }

  drawn(points: readonly Point[] | null): void {
    this.drawing = false;
    if (points !== null) this.setPoints(points, true);
  }

  undo(): void {
    this.#history.undo();
    this.#show();
  }

  redo(): void {
    this.#history.redo();
    this.#show();
  }

  discard(): void {
    this.#take(this.#camera);
  }

  /** Send the zones. Where only other fields were changed meanwhile, nothing is in the way. */
  async #send(): Promise<Camera> {
    const body = { privacy_zones: this.zones };
    try {
      return await saveCamera(this.api, this.#camera, { ...body, version: this.#camera.version });
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.status !== 412) throw cause;
      const read = zonesOf(this.#camera);
      this.#camera = await getCamera(this.api, this.#camera.id);
      if (!same(zonesOf(this.#camera), read)) {
        this.theirs = zonesOf(this.#camera);
        throw cause;
      }
      return saveCamera(this.api, this.#camera, { ...body, version: this.#camera.version });
    }
  }

  #take(camera: Camera): void {
    this.#camera = camera;
    this.#history = new History(zonesOf(camera));
    this.theirs = null;
    this.#show();
  }

  #commit(next: readonly Zone[]): void {
    this.#history.commit(next);
    this.#show();
  }

  #show(): void {
    this.zones = this.#history.present;
    this.canUndo = this.#history.canUndo;
    this.canRedo = this.#history.canRedo;
    this.drawing = false;
    if (this.selected >= this.zones.length) this.selected = Math.max(0, this.zones.length - 1);
  }
}
