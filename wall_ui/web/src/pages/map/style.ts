import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';

import { COLOURS } from './marks';

/** Fonts of this computer: no glyphs are fetched from anywhere. */
export const FONT = ['Noto Sans', 'DejaVu Sans', 'sans-serif'];
const NOTHING = { type: 'FeatureCollection', features: [] } as const;

/** From here on a street is wide enough for a wedge to say something. */
export const WEDGES_FROM = 14;

const LAYERS: readonly LayerSpecification[] = [
  {
    id: 'unit-area',
    type: 'fill',
    source: 'units',
    paint: { 'fill-color': COLOURS.land, 'fill-opacity': 0.75 },
  },
  {
    id: 'unit-line',
    type: 'line',
    source: 'units',
    paint: { 'line-color': COLOURS.line, 'line-width': 1 },
  },
  {
    id: 'unit-name',
    type: 'symbol',
    source: 'names',
    minzoom: 10,
    layout: {
      'text-field': ['get', 'name'],
      'text-font': FONT,
      'text-size': 12,
      'text-max-width': 8,
    },
    paint: {
      'text-color': COLOURS.soft,
      'text-halo-color': COLOURS.ground,
      'text-halo-width': 1.2,
    },
  },
  {
    id: 'wedge',
    type: 'fill',
    source: 'wedges',
    minzoom: WEDGES_FROM,
    paint: {
      'fill-color': COLOURS.accent,
      'fill-opacity': 0.18,
      'fill-outline-color': COLOURS.accent,
    },
  },
  {
    id: 'cluster',
    type: 'circle',
    source: 'clusters',
    paint: {
      'circle-color': '#17475a',
      'circle-stroke-color': COLOURS.accent,
      'circle-stroke-width': 1.5,
      'circle-radius': ['interpolate', ['linear'], ['log10', ['get', 'count']], 0, 13, 4, 30],
    },
  },
  {
    id: 'cluster-count',
    type: 'symbol',
    source: 'clusters',
    layout: {
      'text-field': ['get', 'label'],
      'text-font': FONT,
      'text-size': 12,
      'text-allow-overlap': true,
    },
    paint: { 'text-color': COLOURS.ink },
  },
  {
    id: 'chosen',
    type: 'circle',
    source: 'cameras',
    filter: ['get', 'chosen'],
    paint: {
      'circle-radius': 17,
      'circle-color': 'rgba(0, 0, 0, 0)',
      'circle-stroke-color': COLOURS.ink,
      'circle-stroke-width': 2.5,
    },
  },
  {
    id: 'camera',
    type: 'symbol',
    source: 'cameras',
    layout: { 'icon-image': ['get', 'mark'], 'icon-allow-overlap': true },
  },
  {
    id: 'camera-name',
    type: 'symbol',
    source: 'cameras',
    minzoom: 15,
    layout: {
      'text-field': ['get', 'name'],
      'text-font': FONT,
      'text-size': 12,
      'text-anchor': 'top',
      'text-offset': [0, 1.2],
      'text-optional': true,
    },
    paint: {
      'text-color': COLOURS.ink,
      'text-halo-color': COLOURS.ground,
      'text-halo-width': 1.4,
    },
  },
];

/** The map's own style: it stands without tiles, and so without any network but the hub. */
export function ownStyle(): StyleSpecification {
  const names = ['units', 'names', 'wedges', 'clusters', 'cameras'];
  return {
    version: 8,
    sources: Object.fromEntries(names.map((name) => [name, { type: 'geojson', data: NOTHING }])),
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': COLOURS.ground } },
      ...LAYERS,
    ],
  };
}
