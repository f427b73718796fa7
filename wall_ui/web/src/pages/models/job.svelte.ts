import type { Api } from '../../api/client';
import { jobPath, type ModelJob } from './api';

const POLL_MS = 500;
const FINAL: readonly string[] = ['done', 'failed', 'cancelled'];

/** Follows one job at a time to its end. Leaving the page ends the looking, not the job. */
export class JobFollower {
  job = $state.raw<ModelJob | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly api: Api,
    private readonly onEnd: (job: ModelJob) => void,
    private readonly onFailure: (cause: unknown) => void,
  ) {}

  get busy(): boolean {
    return this.job !== null && !FINAL.includes(this.job.state);
  }

  /** From 0 to 1, or null while nobody knows. */
  get progress(): number | null {
    return this.job !== null && this.job.total > 0 ? this.job.done / this.job.total : null;
  }

  follow(job: ModelJob): void {
    this.job = job;
    this.#next();
  }

  async cancel(): Promise<void> {
    if (this.job === null) return;
    try {
      await this.api.send('DELETE', jobPath(this.job.id));
    } catch (cause) {
      this.onFailure(cause);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #next(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), POLL_MS);
  }

  async #look(): Promise<void> {
    if (this.job === null) return;
    try {
      this.job = await this.api.get<ModelJob>(jobPath(this.job.id));
    } catch (cause) {
      this.job = null;
      this.onFailure(cause);
      return;
    }
    if (this.busy) this.#next();
    else this.onEnd(this.job);
  }
}
