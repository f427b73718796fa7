import {
  GeoJSONSource,
  Map as Canvas,
  NavigationControl,
  Popup,
  ScaleControl,
  type MapLayerMouseEvent,
} from 'maplibre-gl';
import 'maplibre-gl/dist/maplibre-gl.css';

import type { Unit } from '../cameras/api';
import type { Cluster, MapView, Point, Polygons } from './api';
import { wedgeOf, type Bounds, type Place, type Stand } from './geometry';
import type { Ground } from './ground';
import { GROUND } from './groundstyle';
import { badgeOf, drawMark, MARK_SCALE } from './marks';
import { ownStyle } from './style';

export interface SceneEvents {
  /** The map came to rest somewhere else. */
  moved: () => void;
  camera: (point: Point) => void;
  /** A tile of the ground was drawn (null), or could not be. */
  ground: (trouble: unknown) => void;
}

type Data = Parameters<GeoJSONSource['setData']>[0];

const MOST_ZOOM = 20;

/** Whether this browser can draw the map at all. */
export function canDraw(): boolean {
  try {
    return document.createElement('canvas').getContext('webgl2') !== null;
  } catch {
    return false;
  }
}

/** The drawn map. All of MapLibre that the page uses is in here. */
export class Scene {
  readonly #map: Canvas;
  readonly #popup: Popup;
  #points = new Map<string, Point>();

  constructor(
    place: HTMLElement,
    start: Stand | Bounds,
    words: Record<string, string>,
    events: SceneEvents,
  ) {
    this.#map = new Canvas({
      container: place,
      style: ownStyle(),
      maxZoom: MOST_ZOOM,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      boxZoom: false, // dragging with Shift selects here
      renderWorldCopies: false,
      fadeDuration: 0,
      locale: words,
      ...('zoom' in start
        ? { center: [start.lon, start.lat], zoom: start.zoom }
        : { bounds: boxOf(start), fitBoundsOptions: { padding: 40, maxZoom: 16 } }),
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.addControl(new NavigationControl({ showCompass: false }), 'top-right');
    this.#map.addControl(new ScaleControl(), 'bottom-left');
    this.#popup = new Popup({ closeButton: false, maxWidth: '20rem', offset: 16 });
    this.#map.on('styleimagemissing', ({ id }) => {
      const badge = badgeOf(id);
      if (badge === id) this.#map.addImage(id, drawMark(badge), { pixelRatio: MARK_SCALE });
    });
    this.#map.on('moveend', events.moved);
    this.#map.on('sourcedata', (event) => {
      if (event.sourceId === GROUND && event.tile !== undefined) events.ground(null);
    });
    this.#map.on('error', (event) => {
      if (Reflect.get(event, 'sourceId') === GROUND) events.ground(event.error);
      else console.error(event.error);
    });
    this.#map.on('click', 'camera', (event) => {
      const point = this.#points.get(String(event.features?.[0]?.properties['id']));
      if (point !== undefined) events.camera(point);
    });
    this.#map.on('click', 'cluster', (event: MapLayerMouseEvent) => this.closer(event.lngLat));
    this.#map.on('click', 'near', (event: MapLayerMouseEvent) => void this.#apart(event));
    for (const layer of ['camera', 'cluster', 'near']) {
      const canvas = this.#map.getCanvas();
      this.#map.on('mouseenter', layer, () => (canvas.style.cursor = 'pointer'));
      this.#map.on('mouseleave', layer, () => (canvas.style.cursor = ''));
    }
  }

  /** Resolves when data can be shown. */
  async ready(): Promise<void> {
    if (!this.#map.isStyleLoaded()) await this.#map.once('load');
  }

  get bounds(): Bounds {
    const bounds = this.#map.getBounds();
    return {
      west: bounds.getWest(),
      south: bounds.getSouth(),
      east: bounds.getEast(),
      north: bounds.getNorth(),
    };
  }

  get stand(): Stand {
    const { lng, lat } = this.#map.getCenter();
    return { zoom: this.#map.getZoom(), lat, lon: lng };
  }

  /** The place under a point of the drawing, in its own pixels. */
  at(x: number, y: number): Place {
    const { lng, lat } = this.#map.unproject([x, y]);
    return { lon: lng, lat };
  }

  show(view: MapView, chosen: ReadonlySet<string>): void {
    this.#points = new Map(view.cameras.map((point) => [point.id, point]));
    this.#set(
      'cameras',
      view.cameras.map((point) => cameraFeature(point, chosen.has(point.id))),
    );
    this.#set('clusters', view.clusters.map(clusterFeature));
    this.#set(
      'wedges',
      view.cameras.flatMap((point) => {
        const ring = wedgeOf(point);
        return ring === null ? [] : [feature({ type: 'Polygon', coordinates: [ring] }, {})];
      }),
    );
  }

  showUnits(polygons: Polygons, units: readonly Unit[], nameOf: (unit: Unit) => string): void {
    this.#source('units').setData(polygons as unknown as Data);
    const drawn = new Set(polygons.features.map(({ properties }) => properties.code));
    const named = units.filter((unit) => drawn.has(unit.code));
    this.#set(
      'names',
      named.map((unit) => pointFeature(unit, { name: nameOf(unit) })),
    );
  }

  /** Draw the map over tiles; units are then told by their lines alone. */
  setGround(ground: Ground): void {
    for (const { id } of this.#map.getStyle().layers) {
      if (id.startsWith('ground-')) this.#map.removeLayer(id);
    }
    if (this.#map.getSource(GROUND) !== undefined) this.#map.removeSource(GROUND);
    this.#map.addSource(GROUND, ground.source);
    for (const layer of ground.layers) this.#map.addLayer(layer, 'unit-area');
    this.#map.setPaintProperty('unit-area', 'fill-opacity', 0.04);
  }

  closer({ lng, lat }: { lng: number; lat: number }): void {
    const zoom = Math.min(MOST_ZOOM, this.#map.getZoom() + 2);
    this.#map.easeTo({ center: [lng, lat], zoom });
  }

  /** Go so near that cameras which stand for one circle are seen apart. */
  async #apart(event: MapLayerMouseEvent): Promise<void> {
    const id: unknown = event.features?.[0]?.properties['cluster_id'];
    if (typeof id !== 'number') return;
    const zoom = await this.#source('cameras').getClusterExpansionZoom(id);
    this.#map.easeTo({ center: event.lngLat, zoom: Math.min(MOST_ZOOM, zoom) });
  }

  goTo({ lon, lat }: Place): void {
    this.#map.easeTo({ center: [lon, lat], zoom: Math.max(17, this.#map.getZoom()) });
  }

  /** Show an element beside a place until it is closed. */
  popUp({ lon, lat }: Place, content: HTMLElement, closed: () => void): void {
    this.closePopup();
    this.#popup.setLngLat([lon, lat]).setDOMContent(content).addTo(this.#map);
    void this.#popup.once('close', closed);
  }

  closePopup(): void {
    this.#popup.remove();
  }

  /** While a box is being drawn the map must lie still. */
  hold(still: boolean): void {
    if (still) this.#map.dragPan.disable();
    else this.#map.dragPan.enable();
  }

  resize(): void {
    this.#map.resize();
  }

  close(): void {
    this.closePopup();
    this.#map.remove();
  }

  #source(name: string): GeoJSONSource {
    const source = this.#map.getSource(name);
    if (!(source instanceof GeoJSONSource)) throw new Error(`the style has no source ${name}`);
    return source;
  }

  #set(name: string, features: readonly object[]): void {
    this.#source(name).setData({ type: 'FeatureCollection', features } as unknown as Data);
  }
}

function boxOf({ west, south, east, north }: Bounds): [number, number, number, number] {
  return [west, south, east, north];
}

function feature(geometry: object, properties: object): object {
  return { type: 'Feature', geometry, properties };
}

function pointFeature({ lon, lat }: Place, properties: object): object {
  return feature({ type: 'Point', coordinates: [lon, lat] }, properties);
}

function cameraFeature(point: Point, chosen: boolean): object {
  const { id, name, state } = point;
  const dead = state !== null && state !== 'live';
  return pointFeature(point, {
    id,
    name,
    mark: badgeOf(state),
    count: 1,
    dead: Number(dead),
    chosen: Number(chosen),
  });
}

function clusterFeature(cluster: Cluster): object {
  const { count, dead } = cluster;
  return pointFeature(cluster, { count, dead, chosen: 0 });
}
