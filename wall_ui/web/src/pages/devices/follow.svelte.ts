import type { Api } from '../../api/client';
import { errorWords } from '../../api/words';
import { jobPath, nextOf, type Job } from './api';

const FINAL: readonly string[] = ['done', 'failed', 'cancelled'];

export function isOver(job: Job): boolean {
  return FINAL.includes(job.state);
}

/** Follows one job to its end by asking for its next change. Leaving the page ends the asking. */
export class JobFollower {
  job = $state.raw<Job | null>(null);
  failure = $state('');
  stopping = $state(false);
  #turn = 0;

  constructor(
    private readonly api: Api,
    private readonly onChange: (job: Job) => Promise<void> | void = () => undefined,
  ) {}

  get busy(): boolean {
    return this.job !== null && !isOver(this.job);
  }

  /** From 0 to 1, or null while nobody knows. */
  get progress(): number | null {
    return this.job !== null && this.job.total > 0 ? this.job.done / this.job.total : null;
  }

  /** Begin a job and follow it; what went on before is no longer looked at. */
  async begin(start: () => Promise<Job>): Promise<void> {
    const turn = ++this.#turn;
    this.failure = '';
    this.stopping = false;
    this.job = null;
    try {
      let job = await start();
      while (turn === this.#turn) {
        this.job = job;
        await this.onChange(job);
        if (isOver(job)) return;
        job = await nextOf(this.api, job);
      }
    } catch (cause) {
      if (turn === this.#turn) {
        this.job = null;
        this.failure = errorWords(cause);
      }
    }
  }

  async cancel(): Promise<void> {
    if (this.job === null) return;
    this.stopping = true;
    try {
      await this.api.send('DELETE', jobPath(this.job.id));
    } catch (cause) {
      this.failure = errorWords(cause);
    }
  }

  leave(): void {
    this.#turn += 1;
  }
}
