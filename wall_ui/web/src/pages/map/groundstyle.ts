import type { ExpressionSpecification, LayerSpecification } from 'maplibre-gl';

import { COLOURS } from './marks';
import { FONT } from './style';

/** Quiet enough that a camera's mark is always the brightest thing on the map. */
const TONES = {
  land: '#10171e',
  green: '#11201c',
  water: '#0e2533',
  building: '#18222b',
  street: '#212d38',
  road: '#2d3d4b',
  border: '#41566a',
  words: '#8e9dab',
} as const;

export const GROUND = 'ground-tiles';

/** A layer of vector tiles and how it is drawn; the same look for the two common schemas. */
type Look = LayerSpecification & { 'source-layer': string };

function area(layer: string, colour: string, filter?: ExpressionSpecification): Look {
  return {
    id: `ground-${layer}`,
    type: 'fill',
    source: GROUND,
    'source-layer': layer,
    paint: { 'fill-color': colour },
    ...(filter === undefined ? {} : { filter }),
  };
}

function line(
  name: string,
  layer: string,
  colour: string,
  width: number,
  filter?: ExpressionSpecification,
): Look {
  return {
    id: `ground-${name}`,
    type: 'line',
    source: GROUND,
    'source-layer': layer,
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: {
      'line-color': colour,
      'line-width': ['interpolate', ['exponential', 1.6], ['zoom'], 8, width / 4, 18, width * 4],
    },
    ...(filter === undefined ? {} : { filter }),
  };
}

function names(name: string, layer: string, minzoom: number, along: boolean): Look {
  return {
    id: `ground-${name}`,
    type: 'symbol',
    source: GROUND,
    'source-layer': layer,
    minzoom,
    layout: {
      'symbol-placement': along ? 'line' : 'point',
      'text-field': ['coalesce', ['get', 'name:vi'], ['get', 'name'], ['get', 'name:en']],
      'text-font': FONT,
      'text-size': along ? 11 : 12,
      'text-max-width': 8,
    },
    paint: {
      'text-color': TONES.words,
      'text-halo-color': COLOURS.ground,
      'text-halo-width': 1.2,
    },
  };
}

const among = (key: string, ...values: string[]): ExpressionSpecification => [
  'in',
  ['get', key],
  ['literal', values],
];
const BIG_KINDS = ['highway', 'major_road', 'medium_road'];
const BIG_CLASSES = ['motorway', 'trunk', 'primary', 'secondary'];

/** From the lowest to the topmost. Protomaps has plural names, OpenMapTiles singular ones. */
const LOOKS: readonly Look[] = [
  area('earth', TONES.land),
  area('landcover', TONES.green, ['!', among('class', 'ice', 'rock', 'sand')]),
  area(
    'landuse',
    TONES.green,
    among('kind', 'park', 'forest', 'wood', 'grass', 'cemetery', 'golf_course', 'nature_reserve'),
  ),
  area('park', TONES.green),
  area('water', TONES.water, ['==', ['geometry-type'], 'Polygon']),
  line('waterway', 'waterway', TONES.water, 1.5),
  area('buildings', TONES.building),
  area('building', TONES.building),
  line('roads', 'roads', TONES.street, 1.2, ['!', among('kind', ...BIG_KINDS)]),
  line('roads-big', 'roads', TONES.road, 2.4, among('kind', ...BIG_KINDS)),
  line('transportation', 'transportation', TONES.street, 1.2, [
    '!',
    among('class', ...BIG_CLASSES),
  ]),
  line('transportation-big', 'transportation', TONES.road, 2.4, among('class', ...BIG_CLASSES)),
  line('boundaries', 'boundaries', TONES.border, 1),
  line('boundary', 'boundary', TONES.border, 1),
  names('roads-name', 'roads', 14, true),
  names('transportation-name', 'transportation_name', 14, true),
  names('places', 'places', 9, false),
  names('place', 'place', 9, false),
];

/** Layers for vector tiles; `known` are the names of their own layers, null where none told. */
export function vectorLayers(known: ReadonlySet<string> | null): readonly LayerSpecification[] {
  return LOOKS.filter((look) => known === null || known.has(look['source-layer']));
}

/** Layers for tiles that are pictures: dimmed, so that a bright map does not glare at night. */
export function rasterLayers(): readonly LayerSpecification[] {
  return [
    {
      id: 'ground-picture',
      type: 'raster',
      source: GROUND,
      paint: {
        'raster-brightness-max': 0.42,
        'raster-saturation': -0.55,
        'raster-contrast': 0.1,
        'raster-fade-duration': 0,
      },
    },
  ];
}
