import { validateStyleMin } from '@maplibre/maplibre-gl-style-spec';
import { describe, expect, it } from 'vitest';

import { bboxOf, boundsOf, readStand, wedgeOf, writeStand } from '../src/pages/map/geometry';
import { ownStyle } from '../src/pages/map/style';

const here = { lon: 106.7, lat: 10.77, azimuth_deg: 90, fov_deg: 60, view_m: 100 };
const METRES_PER_DEGREE = 111_320;

function metres([lon, lat]: readonly [number, number]): [number, number] {
  const across = METRES_PER_DEGREE * Math.cos((here.lat * Math.PI) / 180);
  return [(lon - here.lon) * across, (lat - here.lat) * METRES_PER_DEGREE];
}

describe('a wedge', () => {
  it('begins and ends at the camera and reaches as far as it sees', () => {
    const ring = wedgeOf(here) ?? [];
    expect(ring[0]).toEqual([here.lon, here.lat]);
    expect(ring.at(-1)).toEqual([here.lon, here.lat]);
    for (const place of ring.slice(1, -1)) {
      expect(Math.hypot(...metres(place))).toBeCloseTo(100, 6);
    }
  });

  it('opens to both sides of the azimuth, clockwise from north', () => {
    const ring = wedgeOf(here) ?? [];
    const [first, last] = [metres(ring[1] ?? [0, 0]), metres(ring.at(-2) ?? [0, 0])];
    expect(first[0]).toBeCloseTo(86.6025, 3); // 30 degrees north of east
    expect(first[1]).toBeCloseTo(50, 6);
    expect(last[1]).toBeCloseTo(-50, 6);
  });

  it('of a camera that sees all around is a closed circle without its middle', () => {
    const ring = wedgeOf({ ...here, fov_deg: 360 }) ?? [];
    expect(ring[0]).toEqual(ring.at(-1));
    expect(ring).not.toContainEqual([here.lon, here.lat]);
  });

  it.each(['azimuth_deg', 'fov_deg', 'view_m'])('is not guessed without %s', (name) => {
    expect(wedgeOf({ ...here, [name]: null })).toBeNull();
  });
});

describe('bounds', () => {
  it('hold all places', () => {
    const bounds = boundsOf([here, { lon: 106.2, lat: 11 }], 0);
    expect(bounds).toEqual({ west: 106.2, south: 10.77, east: 106.7, north: 11 });
  });

  it('of nothing are none', () => {
    expect(boundsOf([])).toBeNull();
  });

  it('ask for no more than the world', () => {
    expect(bboxOf({ west: -200, south: -91, east: 200, north: 91 })).toBe(
      '-180.000000,-90.000000,180.000000,90.000000',
    );
  });
});

describe('where the map stands', () => {
  it('comes back from the address', () => {
    const stand = { zoom: 12.5, lat: 10.77, lon: 106.7 };
    expect(readStand(writeStand(stand))).toEqual(stand);
  });

  it.each(['', '1/2', '12/95/100', '12//106', 'x/10/106', '25/10/106', '1/2/3/4'])(
    'is nowhere for %j',
    (text) => {
      expect(readStand(text)).toBeNull();
    },
  );
});

describe('the own style', () => {
  it('is valid, and lets near cameras be told from single ones in every layer of theirs', () => {
    const style = ownStyle();
    expect(validateStyleMin(style)).toEqual([]);
    const layers = style.layers.filter((each) => 'source' in each && each.source === 'cameras');
    expect(layers.length).toBeGreaterThan(3);
    for (const layer of layers) {
      expect(JSON.stringify(Reflect.get(layer, 'filter'))).toContain('point_count');
    }
  });
});
