import type { Camera } from '../../api/types';
import { readNumber, writeNumber } from '../../ui/numbers';

export const ONVIF_PROFILES = ['A', 'C', 'D', 'G', 'M', 'Q', 'S', 'T'] as const;

/** A stream as it stands in the form. The address of the main one is a field of the camera. */
export interface StreamDraft {
  url: string;
  codec: string;
  width: string;
  height: string;
  fps: string;
  bitrate_kbps: string;
}

export const NUMBERS = ['width', 'height', 'fps', 'bitrate_kbps'] as const;

/** What a camera is made of beyond single fields. */
export interface Parts {
  main: StreamDraft;
  sub: StreamDraft;
  capabilities: {
    ptz: boolean;
    audio: boolean;
    onvif_profiles: readonly string[];
    onvif_url: string;
    endpoint_id: string;
    source_token: string;
  };
  groups: readonly string[];
  /** Drawn on a page of their own; here so that an earlier version can bring them back. */
  privacy_zones: NonNullable<Camera['privacy_zones']>;
}

export function partsOf(camera: Camera | null): Parts {
  const can = camera?.capabilities;
  return {
    main: streamOf(camera?.main),
    sub: streamOf(camera?.sub ?? undefined),
    capabilities: {
      ptz: can?.ptz ?? false,
      audio: can?.audio ?? false,
      onvif_profiles: can?.onvif_profiles ?? [],
      onvif_url: can?.onvif_url ?? '',
      endpoint_id: can?.endpoint_id ?? '',
      source_token: can?.source_token ?? '',
    },
    groups: camera?.groups ?? [],
    privacy_zones: camera?.privacy_zones ?? [],
  };
}

/** The parts for the API. */
export function partsBody(parts: Parts): Record<string, unknown> {
  const { url: _, ...main } = streamBody(parts.main);
  const told = Object.values(parts.sub).some((text) => text.trim() !== '');
  const can = parts.capabilities;
  return {
    main,
    sub: told ? streamBody(parts.sub) : null,
    capabilities: {
      ...can,
      onvif_profiles: [...can.onvif_profiles].sort(),
      onvif_url: can.onvif_url.trim(),
      endpoint_id: can.endpoint_id.trim(),
      source_token: can.source_token.trim(),
    },
    groups: [...parts.groups].sort(),
    privacy_zones: parts.privacy_zones,
  };
}

/** Paths of the numbers that are none, as the API would name them: `sub.width`. */
export function oddParts(parts: Parts): readonly string[] {
  return (['main', 'sub'] as const).flatMap((stream) =>
    NUMBERS.filter((name) => {
      const text = parts[stream][name].trim();
      const value = readNumber(text);
      const odd = Number.isNaN(value) || (name !== 'fps' && !Number.isInteger(value));
      return text !== '' && odd;
    }).map((name) => `${stream}.${name}`),
  );
}

type Stream = Partial<NonNullable<Camera['sub']>>;

function streamOf(stream: Stream | undefined): StreamDraft {
  const number = (value: number | undefined) => (value ? writeNumber(value) : '');
  return {
    url: stream?.url ?? '',
    codec: stream?.codec ?? '',
    width: number(stream?.width),
    height: number(stream?.height),
    fps: number(stream?.fps),
    bitrate_kbps: number(stream?.bitrate_kbps),
  };
}

function streamBody(stream: StreamDraft): Record<string, unknown> {
  const numbers = NUMBERS.map((name) => [name, readNumber(stream[name]) || 0]);
  const codec = stream.codec.trim().toLowerCase();
  return { url: stream.url.trim(), codec, ...Object.fromEntries(numbers) };
}
