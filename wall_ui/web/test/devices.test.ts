import { expect, test } from 'vitest';

import { failureWords, offset, portsOf } from '../src/pages/devices/facts';
import { t } from '../src/pages/devices/words';

test('ports as people write them', () => {
  expect(portsOf('80, 8080;8899')).toEqual([80, 8080, 8899]);
  expect(portsOf('')).toEqual([]);
  expect(portsOf('80, x')).toBeNull();
  expect(portsOf('0')).toBeNull();
  expect(portsOf('1,2,3,4,5,6,7,8,9')).toBeNull();
});

test('a failure is said in the language, and an unknown one in the words of the server', () => {
  expect(failureWords('dns', 'English')).toBe(t('fail.dns'));
  expect(failureWords('new_code', 'The cable is cut')).toBe('The cable is cut');
  expect(failureWords('new_code')).toBe('new_code');
});

test('the offset of a clock has its sign, and none is nothing', () => {
  expect(offset(-1.25, 'en')).toBe('-1.25 s');
  expect(offset(90, 'en')).toBe('+90 s');
  expect(offset(null, 'en')).toBe('');
});
