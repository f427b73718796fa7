import type { Camera } from '../../api/types';
import { crossesItself, type Point } from '../camera/drawing/geometry';

export type Zone = Readonly<{ name: string; points: readonly Point[] }>;

/** A camera has at most so many zones, and each at most so many corners; the hub refuses more. */
export const MOST_ZONES = 20;
export const MOST_CORNERS = 32;
export const MOST_LETTERS = 60;

const MIDDLE: readonly Point[] = [
  [0.35, 0.35],
  [0.65, 0.35],
  [0.65, 0.65],
  [0.35, 0.65],
];

export function zonesOf(camera: Camera): readonly Zone[] {
  return (camera.privacy_zones ?? []).map(({ name = '', points }) => ({ name, points }));
}

/** The zones with one more, in the middle of the picture until it is drawn. */
export function added(zones: readonly Zone[], stem: string): readonly Zone[] {
  let number = zones.length + 1;
  while (zones.some(({ name }) => name === `${stem} ${number}`)) number += 1;
  return [...zones, { name: `${stem} ${number}`, points: MIDDLE }];
}

export function changed(
  zones: readonly Zone[],
  index: number,
  part: Partial<Zone>,
): readonly Zone[] {
  return zones.map((zone, at) => (at === index ? { ...zone, ...part } : zone));
}

/** What the hub would refuse, by the number of the zone. */
export type Fault = 'crossed' | 'name';

export function faultsOf(zones: readonly Zone[]): ReadonlyMap<number, Fault> {
  const faults = new Map<number, Fault>();
  for (const [index, zone] of zones.entries()) {
    if (crossesItself(zone.points)) faults.set(index, 'crossed');
    else if ([...zone.name.trim()].length > MOST_LETTERS) faults.set(index, 'name');
  }
  return faults;
}

export function same(a: readonly Zone[], b: readonly Zone[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
