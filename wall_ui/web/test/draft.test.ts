import { describe, expect, it } from 'vitest';

import type { Camera } from '../src/api/types';
import { ApiError } from '../src/api/client';
import { oddDetails } from '../src/pages/cameras/details';
import { bodyOf, draftOf, faultsOf, folded } from '../src/pages/cameras/draft';
import { rebased, taken } from '../src/pages/cameras/merge';
import { oddParts } from '../src/pages/cameras/parts';
import { refusalOf } from '../src/pages/cameras/refusal';
import { differing, restored } from '../src/pages/fields/compare';
import { fieldName, valueWords } from '../src/pages/fields/fields';

const label = (code: string) => `Phường ${code}`;
const camera = {
  id: '7',
  name: 'Cổng chợ',
  unit_code: '26743',
  url: 'rtsp://10.0.0.1/live',
  position: { lon: 106.7, lat: 10.77 },
  tags: ['chợ', 'cổng'],
  transport: 'tcp',
  gate: 'auto',
  priority: 3,
  enabled: true,
  has_credentials: true,
  weak_credentials: null,
  credential_id: '',
  detector: '',
  code: 'BT-TR-001',
  class: 'traffic',
  address: '',
  owner: '',
  purpose: '',
  retention_class: '',
  make: 'Axis',
  model: '',
  firmware: '',
  serial: '',
  height_m: 4.5,
  main: { codec: 'h264', width: 1920, height: 1080, fps: 25, bitrate_kbps: 0 },
  sub: null,
  capabilities: {
    ptz: false,
    audio: false,
    onvif_profiles: ['S', 'T'],
    onvif_url: '',
    endpoint_id: '',
    source_token: '',
  },
  groups: ['g1', 'g2'],
  privacy_zones: [],
  version: 4,
} as unknown as Camera;

describe('a draft', () => {
  it('that nobody touched changes nothing', () => {
    expect(bodyOf(draftOf(camera, label), '26743', camera)).toEqual({ version: 4 });
  });

  it('sends what was changed, and the version that was read', () => {
    const draft = { ...draftOf(camera, label), gate: 'off' as const, tags: ' chợ ,, mới', lat: '' };
    draft.lon = '';
    expect(bodyOf(draft, '26734', camera)).toEqual({
      version: 4,
      gate: 'off',
      tags: ['chợ', 'mới'],
      position: null,
      unit_code: '26734',
    });
  });

  it('keeps, changes or removes the credentials', () => {
    const kept = draftOf(camera, label);
    expect(bodyOf(kept, '26743', camera)).not.toHaveProperty('username');
    expect(bodyOf({ ...kept, username: 'a', password: 'b' }, '26743', camera)).toMatchObject({
      username: 'a',
      password: 'b',
    });
    expect(bodyOf({ ...kept, forget: true }, '26743', camera)).toMatchObject({ username: null });
  });

  it('changes single details, and empties them', () => {
    const draft = draftOf(camera, label);
    draft.details = { ...draft.details, height_m: '5,25', make: '', installed_on: '2026-01-31' };
    draft.details.sign_posted = 'true';
    expect(oddDetails(draft.details)).toEqual([]);
    expect(bodyOf({ ...draft, detector: 'traffic' }, '26743', camera)).toEqual({
      version: 4,
      height_m: 5.25,
      make: '',
      installed_on: '2026-01-31',
      sign_posted: true,
      detector: 'traffic',
    });
    expect(oddDetails({ ...draft.details, fov_deg: 'wide' })).toEqual(['fov_deg']);
    const bare = bodyOf({ ...draftOf(null, label), name: 'n', url: 'u' }, '26743', null);
    expect(bare).not.toHaveProperty('code');
  });

  it('names a shared log-in in the place of one of its own', () => {
    const own = { ...draftOf(camera, label), username: 'v', password: 'p' };
    const sharing = { ...own, credential: 'c-1' };
    expect(bodyOf(sharing, '26743', camera)).toEqual({ version: 4, credential_id: 'c-1' });
    const shared = { ...camera, credential_id: 'c-1' };
    const moved = { ...draftOf(shared, label), url: 'rtsp://10.0.0.9/s' };
    expect(bodyOf(moved, '26743', shared)).toMatchObject({ credential_id: 'c-1' });
    const back = { ...own, credential: '' };
    expect(bodyOf(back, '26743', shared)).toEqual({
      version: 4,
      credential_id: '',
      username: 'v',
      password: 'p',
    });
  });

  it('takes a decimal comma', () => {
    const draft = { ...draftOf(null, label), name: 'x', url: 'y', lat: '10,5', lon: '106.25' };
    expect(faultsOf(draft, '26743')).toEqual({});
    expect(bodyOf(draft, '26743', null)).toMatchObject({ position: { lat: 10.5, lon: 106.25 } });
  });

  it('names each fault at its field', () => {
    const empty = draftOf(null, label);
    expect(faultsOf(empty, null)).toEqual({
      name: 'field.needed',
      url: 'field.needed',
      unit: 'field.unit_code.unknown',
    });
    const odd = { ...empty, name: 'x', url: 'y', password: 'p', lat: '91', lon: 'x' };
    expect(faultsOf(odd, '1')).toEqual({
      username: 'field.username.needed',
      lat: 'field.position.range',
      lon: 'field.position.range',
    });
    expect(faultsOf({ ...odd, password: '', lat: '' }, '1')).toEqual({
      lat: 'field.position.half',
    });
  });
});

it('folds Vietnamese letters', () => {
  expect(folded('Thủ Đức')).toBe('thu duc');
});

describe('the parts of a camera', () => {
  it('go to the hub where they differ, a second stream only where there is one', () => {
    const draft = draftOf(camera, label);
    draft.parts = {
      ...draft.parts,
      sub: { ...draft.parts.sub, url: ' rtsp://10.0.0.1/sub ', codec: 'H264', fps: '12,5' },
      capabilities: { ...draft.parts.capabilities, ptz: true, onvif_profiles: ['T', 'S'] },
      groups: ['g2', 'g1'],
    };
    expect(bodyOf(draft, '26743', camera)).toEqual({
      version: 4,
      sub: {
        url: 'rtsp://10.0.0.1/sub',
        codec: 'h264',
        width: 0,
        height: 0,
        fps: 12.5,
        bitrate_kbps: 0,
      },
      capabilities: {
        ptz: true,
        audio: false,
        onvif_profiles: ['S', 'T'],
        onvif_url: '',
        endpoint_id: '',
        source_token: '',
      },
    });
    const fresh = bodyOf({ ...draftOf(null, label), name: 'n', url: 'u' }, '26743', null);
    expect(Object.keys(fresh)).not.toContain('main');
    expect(Object.keys(fresh)).not.toContain('groups');
  });

  it('name numbers that are none', () => {
    const { parts } = draftOf(camera, label);
    expect(oddParts(parts)).toEqual([]);
    const odd = {
      ...parts,
      main: { ...parts.main, width: 'wide', fps: '12.5' },
      sub: { ...parts.sub, height: '1.5' },
    };
    expect(oddParts(odd)).toEqual(['main.width', 'sub.height']);
  });
});

describe('a camera that somebody else has saved meanwhile', () => {
  const theirs = {
    ...camera,
    version: 5,
    name: 'Cổng chợ lớn',
    priority: 7,
    make: 'Bosch',
    groups: ['g3'],
  } as typeof camera;

  it('keeps what was typed and takes the rest', () => {
    const draft = { ...draftOf(camera, label), name: 'Chợ', priority: 7 };
    draft.details = { ...draft.details, owner: 'Phường' };
    const { draft: next, changed, clashes } = rebased(draft, '26743', camera, theirs, label);
    expect(changed).toEqual(['name', 'groups', 'priority', 'make']);
    expect(clashes).toEqual(['name']);
    expect(bodyOf(next, '26743', theirs)).toEqual({ version: 5, name: 'Chợ', owner: 'Phường' });
    const given = taken(next, draftOf(theirs, label), 'name');
    expect(bodyOf(given, '26743', theirs)).toEqual({ version: 5, owner: 'Phường' });
  });

  it('does not lose the shared log-in that they chose', () => {
    const shared = { ...camera, version: 5, credential_id: 'c-2' } as typeof camera;
    const draft = { ...draftOf(camera, label), name: 'Chợ' };
    const { draft: next, changed } = rebased(draft, '26743', camera, shared, label);
    expect(changed).toEqual(['credential_id']);
    expect(next.credential).toBe('c-2');
    expect(bodyOf(next, '26743', shared)).toMatchObject({ name: 'Chợ', credential_id: 'c-2' });
  });

  it('can be taken back in parts', () => {
    expect(differing(theirs, camera)).toEqual(['name', 'groups', 'priority', 'make']);
    const back = restored(theirs, camera, ['make', 'groups']);
    expect([back.make, back.groups, back.name, back.version]).toEqual([
      'Axis',
      ['g1', 'g2'],
      'Cổng chợ lớn',
      5,
    ]);
  });
});

describe('a refusal', () => {
  it('is said at the fields that it names', () => {
    const two = [
      { field: 'sub.width', message: 'a' },
      { field: 'tags.3', message: 'b' },
    ];
    const many = new ApiError(422, 'validation', 'x', '', two);
    expect(refusalOf(many).fields).toEqual({ 'sub.width': 'a', tags: 'b' });
    const one = (detail: string) => refusalOf(new ApiError(422, 'x', detail, ''));
    expect(one('sub.url: has no host').fields).toEqual({ 'sub.url': 'has no host' });
    expect(Object.keys(one('onvif_url: no').fields)).toEqual(['capabilities.onvif_url']);
    expect(one('sub.url: không có tên máy').fields).toEqual({ 'sub.url': 'không có tên máy' });
    expect(one('Nothing of the kind').other).toBe('Nothing of the kind');
    expect(one('secret: x')).toEqual({ fields: {}, other: 'secret: x' });
  });
});

it('says every kind of value in words', () => {
  const names = { unit: label, group: (id: string) => `nhóm ${id}` };
  const words = (name: string, value: unknown) => valueWords(name, value, names);
  expect(fieldName('sub')).toBe('Luồng phụ');
  expect(fieldName('owner')).toBe('Cơ quan chủ quản');
  expect(fieldName('new_one')).toBe('new_one');
  expect(words('class', 'gate')).toBe('Cổng');
  expect(words('groups', ['a', 'b'])).toBe('nhóm a, nhóm b');
  expect(words('sign_posted', null)).toBe('—');
  expect(words('enabled', false)).toBe('Không');
  expect(words('position', { lon: 106.7, lat: 10.7 })).toBe('10.7, 106.7');
  expect(words('sub', { url: 'rtsp://a/b', codec: 'h264', width: 640, height: 360, fps: 5 })).toBe(
    'rtsp://a/b · h264 · 640×360 · 5 fps',
  );
  expect(words('privacy_zones', [{ name: 'Cửa', points: [] }])).toBe('1 vùng: Cửa');
  expect(words('rules', '{"rules":[{},{}]}')).toBe('2 luật');
  expect(words('unit_code', '26743')).toBe('Phường 26743');
});
