import { afterEach, expect, it, vi } from 'vitest';

import { Api, ApiError } from '../src/api/client';
import { errorWords } from '../src/api/words';
import { language } from '../src/i18n/index.svelte';
import { Still } from '../src/pages/camera/drawing/still.svelte';

afterEach(() => {
  vi.unstubAllGlobals();
  language.choose('vi');
});

/** Answer every call with a refusal; returns the languages that were asked for. */
function refusing(detail: string): string[] {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (_: string, sent: RequestInit) => {
    asked.push(new Headers(sent.headers).get('Accept-Language') ?? '');
    return Promise.resolve(Response.json({ code: 'x', detail, hint: 'h' }, { status: 409 }));
  });
  return asked;
}

it('asks the hub in the chosen language, whatever the browser speaks', async () => {
  const asked = refusing('Không có camera này');
  const api = new Api();
  await expect(api.get('/api/v1/x')).rejects.toBeInstanceOf(ApiError);
  language.choose('en');
  await expect(api.send('PUT', '/api/v1/x', new Blob(['x']))).rejects.toBeInstanceOf(ApiError);
  await new Still('a').load();
  expect(asked).toEqual(['vi', 'en', 'en']);
});

it('shows what the hub says, and its own words where the hub could say nothing', () => {
  expect(errorWords(new ApiError(409, 'x', 'Không có camera này', 'hãy thử lại'))).toBe(
    'Không có camera này – hãy thử lại',
  );
  const short = new ApiError(422, 'validation', 'password: cần ít nhất 12 ký tự', '');
  expect(errorWords(short)).toBe('Mật khẩu: cần ít nhất 12 ký tự');
  expect(errorWords(new ApiError(422, 'x', 'rtsp_x: không rõ', ''))).toBe('rtsp_x: không rõ');
  expect(errorWords(new ApiError(0, 'network', '', ''))).toContain('mạng');
  expect(errorWords(new ApiError(503, 'x', 'no', ''))).toContain('503');
});
