import { cameraPath } from '../../cameras/api';

/** A still of the camera to draw on; the drawing works without one, too. */
export class Still {
  url = $state('');
  /** Width by height of the camera's picture. */
  aspect = $state(16 / 9);
  busy = $state(false);
  /** What the hub says where there is no picture: its code, and its words. */
  code = $state('');
  words = $state('');
  #gone = false;

  constructor(private readonly cameraId: string) {}

  async load(): Promise<void> {
    this.busy = true;
    try {
      const answer = await fetch(`${cameraPath(this.cameraId)}/snapshot`, {
        credentials: 'same-origin',
      });
      if (!answer.ok) {
        const problem = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
        this.#fail(String(problem['code'] ?? ''), String(problem['detail'] ?? answer.status));
        return;
      }
      const size = /^(\d+)x(\d+)$/.exec(answer.headers.get('X-Camhub-Size') ?? '');
      if (size !== null) this.aspect = Number(size[1]) / Number(size[2]);
      const url = URL.createObjectURL(await answer.blob());
      if (this.#gone) return URL.revokeObjectURL(url);
      this.#drop();
      this.url = url;
      this.#fail('', '');
    } catch {
      this.#fail('network', '');
    } finally {
      this.busy = false;
    }
  }

  close(): void {
    this.#gone = true;
    this.#drop();
  }

  #fail(code: string, words: string): void {
    this.code = code;
    this.words = words;
  }

  #drop(): void {
    if (this.url !== '') URL.revokeObjectURL(this.url);
    this.url = '';
  }
}
