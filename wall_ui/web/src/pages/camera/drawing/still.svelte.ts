import { language } from '../../../i18n/index.svelte';
import { cameraPath } from '../../cameras/api';

/** Pauses before the next try; the last one for as long as it takes. */
const AGAIN_MS = [1000, 2000, 3000, 5000];
/** No picture now, but perhaps in a moment: the camera begins, or something between us restarts. */
const PASSING: readonly number[] = [502, 503, 504];

/**
 * A still of the camera to draw on; the drawing works without one, too. Where there is none yet it
 * is asked for again until one comes: a camera that has just got new rules begins anew.
 */
export class Still {
  url = $state('');
  /** Width by height of the camera's picture. */
  aspect = $state(16 / 9);
  busy = $state(false);
  /** What the hub says where there is no picture: its code, and its words. */
  code = $state('');
  words = $state('');
  /** It will be asked for again by itself. */
  again = $state(false);
  #turn = 0;
  #tries = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly cameraId: string) {}

  /** Ask for a new picture now. */
  async load(): Promise<void> {
    this.#tries = 0;
    await this.#try();
  }

  close(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
    this.#drop();
  }

  async #try(): Promise<void> {
    const turn = ++this.#turn;
    clearTimeout(this.#timer);
    this.busy = true;
    const found = await this.#ask();
    if (turn !== this.#turn) return;
    this.busy = false;
    if (found instanceof Picture) {
      this.#drop();
      this.url = URL.createObjectURL(found.blob);
      if (found.aspect !== null) this.aspect = found.aspect;
      this.#tell('', '', false);
      return;
    }
    this.#tell(found.code, found.words, found.passing);
    if (!found.passing) return;
    const pause = AGAIN_MS[Math.min(this.#tries, AGAIN_MS.length - 1)];
    this.#tries += 1;
    this.#timer = setTimeout(() => void this.#try(), pause);
  }

  async #ask(): Promise<Picture | Refusal> {
    try {
      const answer = await fetch(`${cameraPath(this.cameraId)}/snapshot`, {
        credentials: 'same-origin',
        headers: { 'Accept-Language': language.current },
      });
      if (answer.ok) {
        const size = /^(\d+)x(\d+)$/.exec(answer.headers.get('X-Camhub-Size') ?? '');
        const aspect = size === null ? null : Number(size[1]) / Number(size[2]);
        return new Picture(await answer.blob(), aspect);
      }
      const problem = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
      return {
        code: String(problem['code'] ?? 'network'),
        words: String(problem['detail'] ?? answer.status),
        passing: PASSING.includes(answer.status),
      };
    } catch {
      return { code: 'network', words: '', passing: true };
    }
  }

  #tell(code: string, words: string, again: boolean): void {
    this.code = code;
    this.words = words;
    this.again = again;
  }

  #drop(): void {
    if (this.url !== '') URL.revokeObjectURL(this.url);
    this.url = '';
  }
}

class Picture {
  constructor(
    readonly blob: Blob,
    readonly aspect: number | null,
  ) {}
}

interface Refusal {
  readonly code: string;
  readonly words: string;
  readonly passing: boolean;
}
