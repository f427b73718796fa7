/** The names that the wall uses for what the API answers. */

export interface User {
  id: string;
  username: string;
  display_name: string;
  grants: { role: string; units: string[] }[];
  actions: string[];
}

export interface Session {
  user: User;
  csrf_token: string;
}

export interface Config {
  product: string;
  version: string;
  languages: string[];
  default_language: string;
  time_zone: string;
  stale_after_s: number;
}

export interface CameraStatus {
  state: string;
  reason_code: string;
  reason: string;
  since: string;
  updated: string;
  frame_at: string | null;
  codec: string;
  width: number;
  height: number;
  fps: number;
}

export interface CameraStateEvent extends Partial<CameraStatus> {
  camera_id: string;
  state: string;
  reason_code: string;
  reason: string;
  updated: string;
}

export interface Camera {
  id: string;
  name: string;
  unit_code: string;
  unit_name_vi: string;
  unit_name_en: string;
  enabled: boolean;
  status: CameraStatus | null;
}

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface CameraEvent {
  id: string;
  seq: number;
  kind: string;
  camera_id: string;
  camera_name: string;
  unit_code: string;
  at: string;
  arrived_at: string;
  emitted_at: string;
  recorded_at: string;
  rule: string;
  rule_version: number;
  zone: string;
  track_id: number;
  label: string;
  score: number;
  box: Box;
  model: string;
  worker: string;
  snapshot: string | null;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
