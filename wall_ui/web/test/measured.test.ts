import { describe, expect, it } from 'vitest';

import { measuredWords } from '../src/wall/measured';

describe('what made an event', () => {
  it('is told with names and units in both languages', () => {
    const queue = { wait_s: 912.4, mean_wait_s: 61.2, waiting: 7 };
    expect(measuredWords('en', queue)).toEqual([
      ['Has waited', '15 min'],
      ['Mean wait', '61 s'],
      ['Waiting', '7'],
    ]);
    expect(measuredWords('vi', { dwell_s: 70, hidden_s: 4.2 }).map(([name]) => name)).toEqual([
      'Đã ở trong vùng',
      'Trong đó bị che khuất',
    ]);
    expect(measuredWords('en', { degrees: 171.6 })).toEqual([
      ['Off the allowed direction by', '172°'],
    ]);
  });

  it('is nothing where a rule has none, and leaves out what it has no words for', () => {
    expect(measuredWords('en', null)).toEqual([]);
    expect(measuredWords('en', { luminance: 3 })).toEqual([]);
  });
});
