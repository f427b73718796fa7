import type { IconName } from '../ui/icons';
import type { Tone } from './badges';

/** How an event about a camera itself looks: it has no picture and no box, so it has a shape. */
export interface Alarm {
  icon: IconName;
  tone: Tone;
}

const ALARMS: Readonly<Record<string, Alarm>> = {
  camera_down: { icon: 'off', tone: 'bad' },
  camera_up: { icon: 'check', tone: 'ok' },
  camera_flapping: { icon: 'warn', tone: 'warn' },
};

/** The look of an alarm, or null for an event that a rule found in a picture. */
export function alarmOf(kind: string): Alarm | null {
  return Object.hasOwn(ALARMS, kind) ? (ALARMS[kind] ?? null) : null;
}
