import type { TileReport } from './messages';

/** What a tile says in words. `live` is the only one that may look live. */
export type Badge =
  | 'live'
  | 'stale'
  | 'waiting'
  | 'connecting'
  | 'stalled'
  | 'frozen'
  | 'offline'
  | 'auth_failed'
  | 'unsupported'
  | 'error'
  | 'unknown'
  | 'disabled'
  | 'refused';

export interface StateOfCamera {
  state: string;
  reason_code: string;
  reason: string;
}

export interface TileStatus {
  badge: Badge;
  /** Age of the picture in ms, null where none was ever decoded. */
  ageMs: number | null;
  /** The picture is `stale_after_s` old or older. */
  old: boolean;
  /** Show the picture as it is; otherwise it is dimmed. */
  live: boolean;
  reasonCode: string;
  reason: string;
}

const STATES: ReadonlySet<string> = new Set<Badge>([
  'connecting',
  'stalled',
  'frozen',
  'offline',
  'auth_failed',
  'unsupported',
  'error',
]);

type Fault = Pick<TileStatus, 'badge' | 'reasonCode' | 'reason'>;

/**
 * Decide what a tile may claim. It is live only when the camera's state is `live` *and* a picture
 * was decoded here that is younger than `staleAfterMs`; every doubt falls to the other side.
 */
export function tileStatus(
  state: StateOfCamera | null,
  report: Pick<TileReport, 'decoded' | 'issue'> | null,
  ageMs: number,
  staleAfterMs: number,
  enabled = true,
): TileStatus {
  const seen = report !== null && report.decoded > 0;
  const age = seen ? ageMs : null;
  const old = seen && !(ageMs < staleAfterMs);
  const fault = enabled ? faultOf(state, report) : plain('disabled', 'disabled');
  if (fault !== null) return { ...fault, ageMs: age, old, live: false };
  if (!seen) return { ...plain('waiting', 'waiting'), ageMs: null, old: false, live: false };
  if (old) return { ...plain('stale', 'stale'), ageMs: age, old, live: false };
  return { ...plain('live', ''), ageMs: age, old: false, live: true };
}

function faultOf(
  state: StateOfCamera | null,
  report: Pick<TileReport, 'issue'> | null,
): Fault | null {
  const issue = report?.issue ?? null;
  if (issue === 'forbidden' || issue === 'not_found') return plain('refused', `tile_${issue}`);
  if (issue === 'no_webcodecs') return plain('error', issue);
  if (issue === 'unsupported_codec') return plain('unsupported', 'browser_codec');
  if (state === null) return plain('unknown', 'unknown');
  if (state.state !== 'live') {
    const badge = STATES.has(state.state) ? (state.state as Badge) : 'unknown';
    return { badge, reasonCode: state.reason_code, reason: state.reason };
  }
  return issue === 'bad_data' ? plain('error', 'bad_data') : null;
}

function plain(badge: Badge, reasonCode: string): Fault {
  return { badge, reasonCode, reason: '' };
}
