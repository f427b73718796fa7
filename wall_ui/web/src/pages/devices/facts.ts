import type { ProbeReport } from './api';
import { t } from './words';

type Row = readonly [string, string];

export function number(value: number, digits: number, language: string): string {
  return value.toLocaleString(language, { maximumFractionDigits: digits });
}

/** A clock's offset with its sign, or '' where it is not told. */
export function offset(seconds: number | null | undefined, language: string): string {
  if (seconds === null || seconds === undefined) return '';
  const digits = Math.abs(seconds) < 10 ? 2 : 0;
  return `${seconds.toLocaleString(language, { maximumFractionDigits: digits, signDisplay: 'always' })} s`;
}

export function streamFacts(report: ProbeReport, language: string): readonly Row[] {
  const stream = report.stream;
  if (!stream) return [];
  const show = (value: number, digits = 1) => number(value, digits, language);
  return [
    [t('fact.codec'), [stream.codec.toUpperCase(), stream.profile].join(' ').trim()],
    [t('fact.size'), `${stream.width} × ${stream.height}`],
    [
      t('fact.fps'),
      t('fact.fps.value', { fps: show(stream.fps), declared: show(stream.declared_fps) }),
    ],
    [t('fact.bitrate'), `${show(stream.bitrate_kbps, 0)} kbit/s`],
    [
      t('fact.gop'),
      stream.gops === 0
        ? ''
        : t('fact.gop.value', { frames: show(stream.gop_frames), seconds: show(stream.gop_s, 2) }),
    ],
    [t('fact.b_frames'), stream.b_frames ? t('yes') : t('no')],
    [t('fact.rate'), t(`rate.${stream.rate_control}`)],
    [t('fact.login'), stream.login.join(', ') || t('fact.login.none')],
    [t('fact.first'), `${show(stream.first_picture_s, 2)} s`],
    [t('fact.clock'), offset(stream.clock_offset_s, language)],
  ];
}

export function deviceFacts(report: ProbeReport, language: string): readonly Row[] {
  const device = report.device;
  if (!device) return [];
  return [
    [t('fact.device'), `${device.make} ${device.model}`.trim()],
    [t('fact.firmware'), device.firmware],
    [t('fact.serial'), device.serial],
    [t('fact.name'), [device.name, device.location].filter((part) => part !== '').join(', ')],
    [t('fact.onvif'), device.onvif_profiles.filter((letter) => letter.length === 1).join(', ')],
    [t('fact.ptz'), ptzWords(device.ptz, device.presets, device.profiles.length)],
    [t('fact.clock'), offset(device.clock_offset_s, language)],
  ];
}

/** Whether it can be moved; nothing where no profile could be read: then nobody knows. */
function ptzWords(ptz: boolean, presets: number, profiles: number): string {
  if (profiles === 0) return '';
  return ptz ? t('fact.ptz.yes', { n: presets }) : t('fact.ptz.no');
}

type Profile = NonNullable<ProbeReport['device']>['profiles'][number];

/** What a profile sends: `H264 2560 × 1440, 25/s`. */
export function profileWords(profile: Profile): string {
  const { codec, width, height, fps } = profile;
  return `${codec.toUpperCase()} ${width} × ${height}, ${fps}/s`.trim();
}

/** How many video sources a device shows: a recorder many, a camera one. */
export function sourcesOf(report: ProbeReport | null): number {
  const sources = (report?.device?.profiles ?? []).map((profile) => profile.source ?? '');
  return new Set(sources.filter((source) => source !== '')).size;
}

/** Words for a code; the server's own English where it is one that we do not know. */
export function failureWords(code: string, message = ''): string {
  const key = `fail.${code}`;
  return t.has(key) ? t(key) : message || code;
}

/** A list of ports as people write it; null where it is none. */
export function portsOf(text: string): number[] | null {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  const ports = parts.map(Number);
  const good = ports.every((port) => Number.isInteger(port) && port >= 1 && port <= 65535);
  return good && ports.length <= 8 ? ports : null;
}
