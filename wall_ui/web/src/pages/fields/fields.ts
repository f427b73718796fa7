import { t as form } from '../cameras/words';
import { t } from './words';

/** What names of units and groups are needed to say a value. */
export interface Names {
  unit(code: string): string;
  group(id: string): string;
}

/** The name of a camera's field, as the API calls it; an unknown one stays as it is. */
export function fieldName(name: string): string {
  const own = `name.${name}`;
  if (t.has(own)) return t(own);
  const known = `field.${name}`;
  return form.has(known) ? form(known) : name;
}

/** A value of a field in words. */
export function valueWords(name: string, value: unknown, names: Names): string {
  if (value === null || value === undefined || value === '') return t('nothing');
  if (typeof value === 'boolean') return value ? t('yes') : t('no');
  if (typeof value === 'string') return textWords(name, value, names);
  if (Array.isArray(value)) return listWords(name, value, names);
  if (typeof value === 'object') return partWords(name, value as Record<string, unknown>);
  return String(value);
}

function textWords(name: string, value: string, names: Names): string {
  if (name === 'unit_code') return names.unit(value);
  if (name === 'credential_id') return t('shared');
  if (name === 'rules') return rulesWords(value);
  const known = `${name}.${value}`;
  if (form.has(known)) return form(known);
  return t.has(known) ? t(known) : value;
}

function rulesWords(value: string): string {
  try {
    const { rules } = JSON.parse(value) as { rules?: readonly unknown[] };
    return t('rules', { n: rules?.length ?? 0 });
  } catch {
    return value.slice(0, 80);
  }
}

function listWords(name: string, values: readonly unknown[], names: Names): string {
  if (values.length === 0) return t('nothing');
  if (name === 'groups') return values.map((id) => names.group(String(id))).join(', ');
  if (name !== 'privacy_zones') return values.join(', ');
  const zones = values.map((zone) => String((zone as { name?: string }).name ?? ''));
  const named = zones.filter((one) => one !== '').join(', ');
  return named === ''
    ? t('zones', { n: zones.length })
    : `${t('zones', { n: zones.length })}: ${named}`;
}

function partWords(name: string, value: Readonly<Record<string, unknown>>): string {
  if (name === 'position') return `${value['lat']}, ${value['lon']}`;
  if (name === 'capabilities') return can(value).join(' · ') || t('nothing');
  if (name === 'main' || name === 'sub') return streamWords(value);
  return JSON.stringify(value);
}

function can(value: Readonly<Record<string, unknown>>): readonly string[] {
  const profiles = Array.isArray(value['onvif_profiles']) ? value['onvif_profiles'] : [];
  return [
    value['ptz'] === true ? t('ptz') : '',
    value['audio'] === true ? t('audio') : '',
    profiles.length > 0 ? `ONVIF ${profiles.join(', ')}` : '',
    String(value['onvif_url'] ?? ''),
    String(value['endpoint_id'] ?? ''),
    String(value['source_token'] ?? ''),
  ].filter((part) => part !== '');
}

function streamWords(value: Readonly<Record<string, unknown>>): string {
  const number = (name: string) => (typeof value[name] === 'number' ? value[name] : 0);
  const parts = [
    String(value['url'] ?? ''),
    String(value['codec'] ?? ''),
    number('width') > 0 ? `${number('width')}×${number('height')}` : '',
    number('fps') > 0 ? `${number('fps')} fps` : '',
    number('bitrate_kbps') > 0 ? `${number('bitrate_kbps')} kbit/s` : '',
  ].filter((part) => part !== '');
  return parts.join(' · ') || t('nothing');
}
