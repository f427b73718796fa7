import {
  addProtocol,
  type LayerSpecification,
  type RasterSourceSpecification,
  type VectorSourceSpecification,
} from 'maplibre-gl';
import { FetchSource, PMTiles, Protocol, TileType, type Header } from 'pmtiles';

import { fieldOf } from './trouble';
import { rasterLayers, vectorLayers } from './groundstyle';

/** Tiles that the map is drawn over, ready to be added to it. */
export interface Ground {
  readonly source: RasterSourceSpecification | VectorSourceSpecification;
  readonly layers: readonly LayerSpecification[];
  /** Whose tiles they are, as plain text. */
  readonly attribution: string;
}

const PICTURES: readonly TileType[] = [TileType.Png, TileType.Jpeg, TileType.Webp, TileType.Avif];
const RASTER_ZOOM = 19;
const VECTOR_ZOOM = 14;
const MOST_ZOOM = 22;
const LONGEST_WORDS = 300;

let protocol: Protocol | null = null;

/** Tiles of a server, by an address with {z}, {x} and {y}. */
export function served(url: string, kind: 'raster' | 'vector'): Ground {
  if (kind === 'raster') {
    return {
      source: { type: kind, tiles: [url], tileSize: 256, maxzoom: RASTER_ZOOM },
      layers: rasterLayers(),
      attribution: '',
    };
  }
  return {
    source: { type: kind, tiles: [url], maxzoom: VECTOR_ZOOM },
    layers: vectorLayers(null),
    attribution: '',
  };
}

/** An archive: what is in it is asked first. Raises what the archive or its host is to blame for. */
export async function archived(url: string): Promise<Ground> {
  const archive = new PMTiles(new FetchSource(new URL(url, window.location.href).href));
  const header = await archive.getHeader();
  const about: unknown = await archive.getMetadata();
  if (protocol === null) {
    protocol = new Protocol();
    addProtocol('pmtiles', protocol.tile);
  }
  protocol.add(archive);
  const tiles = [`pmtiles://${archive.source.getKey()}/{z}/{x}/{y}`];
  const reach = reachOf(header);
  const attribution = attributionOf(about);
  if (header.tileType === TileType.Mvt) {
    const layers = vectorLayers(layerNames(about));
    return { source: { type: 'vector', tiles, ...reach }, layers, attribution };
  }
  if (!PICTURES.includes(header.tileType)) throw new Error('tiles of an unknown kind');
  return {
    source: { type: 'raster', tiles, tileSize: 256, ...reach },
    layers: rasterLayers(),
    attribution,
  };
}

/** Zooms and bounds of an archive, where its header makes sense. */
export function reachOf(
  header: Pick<Header, 'minZoom' | 'maxZoom' | 'minLon' | 'minLat' | 'maxLon' | 'maxLat'>,
): { minzoom: number; maxzoom: number; bounds?: [number, number, number, number] } {
  const { minZoom, maxZoom, minLon, minLat, maxLon, maxLat } = header;
  if (!(minZoom >= 0 && minZoom <= maxZoom && maxZoom <= MOST_ZOOM)) {
    throw new Error('zooms that make no sense');
  }
  const zooms = { minzoom: minZoom, maxzoom: maxZoom };
  const within = minLon >= -180 && maxLon <= 180 && minLat >= -90 && maxLat <= 90;
  if (!within || !(minLon < maxLon && minLat < maxLat)) return zooms;
  return { ...zooms, bounds: [minLon, minLat, maxLon, maxLat] };
}

/** Names of the layers in an archive's own description, or null where it tells none. */
export function layerNames(about: unknown): ReadonlySet<string> | null {
  const layers = fieldOf(about, 'vector_layers');
  if (!Array.isArray(layers)) return null;
  const ids = layers.map((layer: unknown) => fieldOf(layer, 'id'));
  return new Set(ids.filter((id) => typeof id === 'string'));
}

/** What an archive says of its origin, without the markup that it comes in. */
export function attributionOf(about: unknown): string {
  const text = fieldOf(about, 'attribution');
  if (typeof text !== 'string') return '';
  const read = new DOMParser().parseFromString(text, 'text/html').body.textContent ?? '';
  return read.trim().slice(0, LONGEST_WORDS);
}
