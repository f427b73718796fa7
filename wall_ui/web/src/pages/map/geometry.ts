/** Degrees of WGS 84. */
export interface Bounds {
  west: number;
  south: number;
  east: number;
  north: number;
}

export interface Place {
  lon: number;
  lat: number;
}

/** Where the map stands. */
export interface Stand extends Place {
  zoom: number;
}

interface Viewer extends Place {
  azimuth_deg: number | null;
  fov_deg: number | null;
  view_m: number | null;
}

const METRES_PER_DEGREE = 111_320;
const STEP_DEG = 5;
/** About 100 m: what a single camera gets around it. */
const MARGIN_DEG = 0.001;

/** The hub's `bbox`: a map that was dragged beyond the world asks for the world's part of it. */
export function bboxOf({ west, south, east, north }: Bounds): string {
  const lon = (value: number) => Math.max(-180, Math.min(180, value)).toFixed(6);
  const lat = (value: number) => Math.max(-90, Math.min(90, value)).toFixed(6);
  return [lon(west), lat(south), lon(east), lat(north)].join(',');
}

/** The smallest bounds around places, with a margin in degrees; null where there are none. */
export function boundsOf(places: readonly Place[], margin = MARGIN_DEG): Bounds | null {
  if (places.length === 0) return null;
  const bounds = { west: 180, south: 90, east: -180, north: -90 };
  for (const { lon, lat } of places) {
    bounds.west = Math.min(bounds.west, lon);
    bounds.east = Math.max(bounds.east, lon);
    bounds.south = Math.min(bounds.south, lat);
    bounds.north = Math.max(bounds.north, lat);
  }
  return {
    west: bounds.west - margin,
    south: bounds.south - margin,
    east: bounds.east + margin,
    north: bounds.north + margin,
  };
}

/**
 * What a camera sees, as a closed ring of [lon, lat]: null where the register does not know its
 * azimuth, its field of view or its range, for a guessed wedge would be believed. The ground is
 * taken as flat, which is right to a millimetre over a camera's few hundred metres.
 */
export function wedgeOf(viewer: Viewer): [number, number][] | null {
  const { lon, lat, azimuth_deg: azimuth, fov_deg: fov, view_m: range } = viewer;
  if (azimuth === null || fov === null || range === null || fov <= 0 || range <= 0) return null;
  const around = fov >= 360;
  const steps = Math.max(2, Math.ceil(Math.min(fov, 360) / STEP_DEG));
  const from = azimuth - Math.min(fov, 360) / 2;
  const arc = Array.from({ length: steps + 1 }, (_, step): [number, number] => {
    const angle = ((from + (Math.min(fov, 360) * step) / steps) * Math.PI) / 180;
    const north = (range * Math.cos(angle)) / METRES_PER_DEGREE;
    const east = (range * Math.sin(angle)) / (METRES_PER_DEGREE * Math.cos((lat * Math.PI) / 180));
    return [lon + east, lat + north];
  });
  const first = arc[0] ?? [lon, lat];
  return around ? [...arc.slice(0, -1), first] : [[lon, lat], ...arc, [lon, lat]];
}

/** `at` in the page's address: zoom, latitude, longitude. */
export function writeStand({ zoom, lat, lon }: Stand): string {
  return `${zoom.toFixed(2)}/${lat.toFixed(5)}/${lon.toFixed(5)}`;
}

/** Null for what is no place on the map. */
export function readStand(text: string): Stand | null {
  const parts = text.split('/').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const [zoom = NaN, lat = NaN, lon = NaN] = parts;
  const within = zoom >= 0 && zoom <= 24 && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
  return parts.length === 3 && within ? { zoom, lat, lon } : null;
}
