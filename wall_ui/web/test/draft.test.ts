import { describe, expect, it } from 'vitest';

import type { Camera } from '../src/api/types';
import { oddDetails } from '../src/pages/cameras/details';
import { bodyOf, draftOf, faultsOf, folded } from '../src/pages/cameras/draft';

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
