import { describe, expect, it } from 'vitest';
import { progressText } from '../../src/cli/progress.ts';
import { formatBytes, formatSeconds } from '../../src/cli/units.ts';

describe('a progress line', () => {
  const state = { stage: 'Reading', done: 150_000_000, total: 600_000_000, seconds: 1 };

  it('tells stage, bytes, share, rate and time left', () => {
    expect(progressText(state, 80)).toBe('Reading  150 MB of 600 MB  25 %  150 MB/s  3 s left');
  });

  it('leaves out what does not fit, and never exceeds the terminal', () => {
    for (let columns = 0; columns < 80; columns++) {
      expect(progressText(state, columns).length).toBeLessThanOrEqual(columns);
    }
    expect(progressText(state, 30)).toBe('Reading  150 MB of 600 MB');
  });

  it('claims no share and no end where the size is unknown or was wrong', () => {
    expect(progressText({ ...state, total: undefined }, 80)).toBe('Reading  150 MB  150 MB/s');
    expect(progressText({ ...state, done: 700_000_000 }, 80)).toBe(
      'Reading  700 MB of 600 MB  100 %  700 MB/s',
    );
  });
});

describe('units', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [64_729_088, '64.7 MB'],
    [999_600, '1.0 MB'],
    [5_000_000_000_000_000, '5000 TB'],
  ])('%i bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [0.2, '1 s'],
    [59.2, '1 min 0 s'],
    [200, '3 min 20 s'],
    [7500, '2 h 5 min'],
  ])('%d seconds are %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));
});
