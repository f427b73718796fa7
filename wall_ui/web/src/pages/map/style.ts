import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  SourceSpecification,
  StyleSpecification,
} from 'maplibre-gl';

import { COLOURS, TONES } from './marks';

/** Fonts of this computer: no glyphs are fetched from anywhere. */
export const FONT = ['Noto Sans', 'DejaVu Sans', 'sans-serif'];
const NOTHING = { type: 'FeatureCollection', features: [] } as const;

/** From here on a street is wide enough for a wedge to say something. */
export const WEDGES_FROM = 14;

/** Marks of single cameras would cover each other within so many pixels: one circle stands for them. */
const NEAR_PX = 40;
/** From here on a pole with several cameras is all that is still near each other. */
const NEAR_UNTIL = 17;

/** What the library has drawn together of single cameras, and what it has not. */
const NEAR: FilterSpecification = ['has', 'point_count'];
const SINGLE: FilterSpecification = ['!', ['has', 'point_count']];

/** A circle for cameras near each other, and its number; in red how many of them give no picture. */
function clusterLayers(
  id: string,
  source: string,
  filter: FilterSpecification,
): LayerSpecification[] {
  const dead: ExpressionSpecification = ['>', ['get', 'dead'], 0];
  return [
    {
      id,
      type: 'circle',
      source,
      filter,
      paint: {
        'circle-color': '#17475a',
        'circle-stroke-color': [
          'case',
          ['>', ['get', 'chosen'], 0],
          COLOURS.ink,
          dead,
          TONES.bad,
          COLOURS.accent,
        ],
        'circle-stroke-width': 1.8,
        'circle-radius': ['interpolate', ['linear'], ['log10', ['get', 'count']], 0, 14, 4, 30],
      },
    },
    {
      id: `${id}-count`,
      type: 'symbol',
      source,
      filter,
      layout: {
        'text-field': [
          'format',
          ['to-string', ['get', 'count']],
          {},
          ['case', dead, ['concat', '\n', ['to-string', ['get', 'dead']]], ''],
          { 'font-scale': 0.85, 'text-color': TONES.bad },
        ],
        'text-font': FONT,
        'text-size': 12,
        'text-line-height': 1,
        'text-allow-overlap': true,
      },
      paint: { 'text-color': COLOURS.ink },
    },
  ];
}

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
  ...clusterLayers('cluster', 'clusters', true),
  ...clusterLayers('near', 'cameras', NEAR),
  {
    id: 'chosen',
    type: 'circle',
    source: 'cameras',
    filter: ['all', SINGLE, ['>', ['get', 'chosen'], 0]],
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
    filter: SINGLE,
    layout: { 'icon-image': ['get', 'mark'], 'icon-allow-overlap': true },
  },
  {
    id: 'camera-name',
    type: 'symbol',
    source: 'cameras',
    filter: SINGLE,
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
  const plain: SourceSpecification = { type: 'geojson', data: NOTHING };
  const cameras: SourceSpecification = {
    ...plain,
    cluster: true,
    clusterRadius: NEAR_PX,
    clusterMaxZoom: NEAR_UNTIL,
    clusterProperties: Object.fromEntries(
      ['count', 'dead', 'chosen'].map((name) => [name, ['+', ['get', name]]]),
    ),
  };
  return {
    version: 8,
    sources: { units: plain, names: plain, wedges: plain, clusters: plain, cameras },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': COLOURS.ground } },
      ...LAYERS,
    ],
  };
}
