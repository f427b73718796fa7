import type { Badge } from '../../live/status';
import { PATHS } from '../../ui/icons';
import { BADGES, type Tone } from '../../wall/badges';

/** The colours of app.css: the map draws outside of it. */
export const COLOURS = {
  ground: '#0b1015',
  land: '#151f29',
  line: '#3b4d5e',
  ink: '#e8eef4',
  soft: '#b3c0cc',
  accent: '#5cc8ee',
} as const;

export const TONES: Readonly<Record<Tone, string>> = {
  ok: '#57d6a1',
  warn: '#f5bd58',
  bad: '#ff8077',
  idle: '#b3c0cc',
};

const SIDE = 26;
const SCALE = 2;

/** The badge of a camera on the map; without a state it is disabled. */
export function badgeOf(state: string | null): Badge {
  if (state === null) return 'disabled';
  return Object.hasOwn(BADGES, state) ? (state as Badge) : 'unknown';
}

/** A camera's mark: the same shape and tone as its badge in the list. */
export function drawMark(badge: Badge): ImageData {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIDE * SCALE;
  const pen = canvas.getContext('2d');
  if (pen === null) throw new Error('this browser draws nothing');
  const { icon, tone } = BADGES[badge];
  pen.scale(SCALE, SCALE);
  pen.fillStyle = COLOURS.ground;
  pen.strokeStyle = TONES[tone];
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(SIDE / 2, SIDE / 2, SIDE / 2 - 1.5, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
  pen.translate(SIDE / 2 - 8, SIDE / 2 - 8);
  pen.lineWidth = 1.6;
  pen.lineCap = pen.lineJoin = 'round';
  pen.stroke(new Path2D(PATHS[icon]));
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

export const MARK_SCALE = SCALE;
