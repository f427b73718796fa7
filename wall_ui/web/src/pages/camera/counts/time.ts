import type { Step } from '../api';

/** A short mark of an instant on the clock of the city, as fine as the step. */
export function mark(ms: number, step: Step, timeZone: string): string {
  const form: Intl.DateTimeFormatOptions =
    step === 'day'
      ? { day: '2-digit', month: '2-digit' }
      : step === 'hour'
        ? { day: '2-digit', month: '2-digit', hour: '2-digit', minute: '2-digit' }
        : { hour: '2-digit', minute: '2-digit' };
  return new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...form }).format(ms);
}
