import type { Badge } from '../live/status';
import type { IconName } from '../ui/icons';

export type Tone = 'ok' | 'warn' | 'bad' | 'idle';

/** Shape and tone of each badge; the words come from the catalogue. */
export const BADGES: Readonly<Record<Badge, { icon: IconName; tone: Tone }>> = {
  live: { icon: 'live', tone: 'ok' },
  stale: { icon: 'clock', tone: 'warn' },
  waiting: { icon: 'dots', tone: 'idle' },
  connecting: { icon: 'dots', tone: 'idle' },
  stalled: { icon: 'warn', tone: 'bad' },
  frozen: { icon: 'pause', tone: 'warn' },
  offline: { icon: 'off', tone: 'bad' },
  auth_failed: { icon: 'key', tone: 'bad' },
  unsupported: { icon: 'warn', tone: 'bad' },
  error: { icon: 'warn', tone: 'bad' },
  unknown: { icon: 'dots', tone: 'idle' },
  disabled: { icon: 'off', tone: 'idle' },
  refused: { icon: 'lock', tone: 'bad' },
};
