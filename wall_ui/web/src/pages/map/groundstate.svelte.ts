import type { Api } from '../../api/client';
import type { components } from '../../api/schema';
import type { Scene } from './scene';
import { troubleOf, type Trouble } from './trouble';

/**
 * The tiles under the map: what came of them. The map is whole without them, so whatever goes
 * wrong here is said and stops nothing.
 */
export class GroundState {
  state = $state<'none' | 'loading' | 'drawn' | 'failed'>('none');
  trouble = $state<Trouble | null>(null);
  attribution = $state('');
  readonly #api: Api;
  #whose = '';

  constructor(api: Api) {
    this.#api = api;
  }

  async load(scene: Scene): Promise<void> {
    this.trouble = null;
    this.state = 'loading';
    try {
      const { kind, url, attribution } =
        await this.#api.get<components['schemas']['BasemapShape']>('/api/v1/map/basemap');
      if (kind === 'none') {
        this.state = 'none';
        return;
      }
      // their reader comes only with a map that has tiles
      const { archived, served } = await import('./ground');
      const ground = kind === 'archive' ? await archived(url) : served(url, kind);
      this.#whose = attribution || ground.attribution;
      scene.setGround(ground);
    } catch (cause) {
      this.failed(cause);
    }
  }

  drawn(): void {
    if (this.state === 'loading') this.state = 'drawn';
    this.attribution = this.#whose;
  }

  failed(cause: unknown): void {
    console.warn('map tiles', cause);
    this.trouble = troubleOf(cause);
    this.state = 'failed';
  }
}
