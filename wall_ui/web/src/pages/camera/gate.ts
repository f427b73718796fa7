import type { components } from '../../api/schema';

export type GateStatus = components['schemas']['CameraStatus'];

/** Share of the audits that saw what the gate would have slept through; null before the first. */
export function missRate(status: Pick<GateStatus, 'gate_audits' | 'gate_misses'>): number | null {
  return status.gate_audits === 0 ? null : status.gate_misses / status.gate_audits;
}
