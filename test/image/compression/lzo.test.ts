import { describe, expect, test } from 'vitest';
import { decompressLzo } from '../../../src/image/compression/lzo.ts';

/** What every encoder ends with. */
const END = [0x11, 0, 0];

const run = (length: number): number[] => Array.from({ length }, (_, index) => index & 0xff);

describe('LZO1X', () => {
  test.each([
    ['nothing', END, []],
    ['a literal at first, then a match of two', [18, 7, 0, 0, ...END], [7, 7, 7]],
    ['four literals at first', [21, 1, 2, 3, 4, ...END], [1, 2, 3, 4]],
    ['a long run', [0, 2, ...run(20), ...END], run(20)],
    [
      'a match of three from 2 KiB back',
      [0, ...new Array(8).fill(0), 42, ...run(2100), 0x04, 2, ...END],
      [...run(2100), 42, 43, 44],
    ],
    ['a match with a literal behind', [21, 1, 2, 3, 4, 0x41, 0, 5, ...END], [1, 2, 3, 4, 4, 4, 4, 5]],
    ['a match of 8', [21, 1, 2, 3, 4, 0xec, 0, ...END], [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]],
    ['a match of many', [18, 7, 0x20, 3, 0, 0, ...END], new Array(37).fill(7)],
  ])('%s', (_, data, plain) => {
    expect([...decompressLzo(Uint8Array.from(data), 5000)]).toEqual(plain);
  });

  test.each([
    ['a match before the output', [18, 7, 0x40, 1, ...END], 'begins before the output'],
    ['a match far before the output', [18, 7, 0x12, 4, 0, ...END], 'begins before the output'],
    ['no end', [18, 7], 'cut off'],
    ['a length without end', [0, 0, 0, 0], 'cut off'],
    ['too few literals', [0, 200, 1, 2, 3], 'cut off in literals'],
    ['no bytes', [], 'cut off'],
  ])('%s is refused', (_, data, message) => {
    expect(() => decompressLzo(Uint8Array.from(data), 5000)).toThrow(message);
  });
});
