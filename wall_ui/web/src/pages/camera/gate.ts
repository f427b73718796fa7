import type { components } from '../../api/schema';

export type GateStatus = components['schemas']['CameraStatus'];

/** What the gate of a camera has done since the camera came to its worker; null: not told. */
export interface GateFacts {
  readonly wakes: number | null;
  readonly lateWakes: number | null;
  readonly falseWakes: number | null;
  readonly audits: number | null;
  readonly misses: number | null;
  readonly threshold: number | null;
}

export function gateFacts(status: GateStatus): GateFacts {
  return {
    wakes: told(status, 'gate_wakes'),
    lateWakes: told(status, 'gate_late_wakes'),
    falseWakes: told(status, 'gate_false_wakes'),
    audits: told(status, 'gate_audits'),
    misses: told(status, 'gate_misses'),
    threshold: told(status, 'gate_threshold'),
  };
}

/** Share of the audits that saw what the gate would have slept through; null before the first. */
export function missRate(facts: GateFacts): number | null {
  if (facts.audits === null || facts.misses === null || facts.audits === 0) return null;
  return facts.misses / facts.audits;
}

function told(status: GateStatus, name: string): number | null {
  const value: unknown = Reflect.get(status, name);
  return typeof value === 'number' ? value : null;
}
