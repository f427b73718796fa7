import { DAY, HOUR } from './timeline';
import { fromInput, toInput } from './zone';

const LONGEST = 31 * DAY;

/** When maintenance begins and ends, on the city's clock, and why: what is being filled in. */
export class WindowPlan {
  begins = $state('');
  ends = $state('');
  reason = $state('');
  readonly zone: string;

  constructor(zone: string, now = Date.now()) {
    this.zone = zone;
    this.begins = toInput(now, zone);
    this.ends = toInput(now + 2 * HOUR, zone);
  }

  get timesSound(): boolean {
    const [from, to] = this.#instants;
    return from < to && to > Date.now() && to <= from + LONGEST;
  }

  get reasonSound(): boolean {
    return this.reason.trim() !== '';
  }

  get sound(): boolean {
    return this.timesSound && this.reasonSound;
  }

  /** What the server is told of a sound plan. */
  get body(): { begins: string; ends: string; reason: string } {
    const [from, to] = this.#instants;
    return {
      begins: new Date(from).toISOString(),
      ends: new Date(to).toISOString(),
      reason: this.reason.trim(),
    };
  }

  get #instants(): [number, number] {
    return [fromInput(this.begins, this.zone), fromInput(this.ends, this.zone)];
  }
}
