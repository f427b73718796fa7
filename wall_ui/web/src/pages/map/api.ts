import type { Api } from '../../api/client';
import type { components } from '../../api/schema';
import type { Camera, CameraPage } from '../../api/types';
import { bboxOf, type Bounds } from './geometry';

export type MapView = components['schemas']['MapShape'];
export type Point = components['schemas']['PointShape'];
export type Cluster = components['schemas']['ClusterShape'];

/** A feature collection as the hub sends it; the map reads its geometry, nobody here does. */
export interface Polygons {
  type: 'FeatureCollection';
  features: { properties: { code: string; name_vi: string; name_en: string } }[];
}

const PAGE = 500;
/** More cameras than this in one selection are a matter for the list and its filters. */
export const SELECT_AT_MOST = 2000;

/** What is within `bounds` (null: everywhere), as it is to be shown at a zoom. */
export function viewOf(
  api: Api,
  bounds: Bounds | null,
  zoom: number,
  filters: URLSearchParams,
): Promise<MapView> {
  const wanted = new URLSearchParams(filters);
  wanted.set('zoom', zoom.toFixed(2));
  if (bounds !== null) wanted.set('bbox', bboxOf(bounds));
  return api.get(`/api/v1/map?${wanted}`);
}

export function unitPolygons(api: Api): Promise<Polygons> {
  return api.get('/api/v1/units/polygons');
}

/** The cameras within `bounds`, at most SELECT_AT_MOST, and whether there are more. */
export async function camerasWithin(
  api: Api,
  bounds: Bounds,
  filters: URLSearchParams,
): Promise<{ cameras: readonly Camera[]; more: boolean }> {
  const wanted = new URLSearchParams(filters);
  wanted.set('bbox', bboxOf(bounds));
  wanted.set('limit', String(PAGE));
  const cameras: Camera[] = [];
  let cursor: string | null = null;
  do {
    if (cursor !== null) wanted.set('cursor', cursor);
    const page: CameraPage = await api.get(`/api/v1/cameras?${wanted}`);
    cameras.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null && cameras.length < SELECT_AT_MOST);
  return { cameras, more: cursor !== null };
}
