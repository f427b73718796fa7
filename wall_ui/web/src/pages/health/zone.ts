/** How far the clock of a zone is ahead of UTC at an instant, in ms. */
function offset(ms: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).formatToParts(ms);
  const part = (type: string) => Number(parts.find((one) => one.type === type)?.value);
  const shown = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  );
  return shown - Math.floor(ms / 1000) * 1000;
}

/** What an input of date and time holds for an instant: the city's time, to the minute. */
export function toInput(ms: number, timeZone: string): string {
  return new Date(ms + offset(ms, timeZone)).toISOString().slice(0, 16);
}

/** The instant that such an input means on the city's clock; NaN where it means none. */
export function fromInput(text: string, timeZone: string): number {
  const shown = Date.parse(`${text}Z`);
  if (Number.isNaN(shown)) return NaN;
  const guess = shown - offset(shown, timeZone);
  return shown - offset(guess, timeZone); // the offset of that instant, not of its namesake in UTC
}

/** Instants in a span at which the city's clock shows a multiple of a step, such as midnight. */
export function ticks(from: number, to: number, step: number, timeZone: string): number[] {
  const ahead = offset(from, timeZone);
  const found: number[] = [];
  for (let at = Math.ceil((from + ahead) / step) * step - ahead; at < to; at += step) {
    found.push(at);
  }
  return found;
}
